//! Random operations, valid and invalid: the same seed and case give the same ones.

mod filters;
mod reads;
mod values;

use ldap::ModificationKind;

use super::operation::{Operation, Request, Value, Who};
use super::random::Random;

/// Operations of one case.
pub const LENGTH: usize = 60;

/// The operations of one case.
pub fn case(seed: u64, case: u64) -> Vec<Operation> {
    let mut generator = Generator {
        random: Random::of_case(seed, case),
        there: Vec::new(),
        plain: false,
        index: 0,
    };
    (0..LENGTH)
        .map(|index| generator.operation(index))
        .collect()
}

/// A class that is added, and the pool of names for its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    User,
    Computer,
    Group,
    Gmsa,
    Unit,
    Contact,
}

impl Class {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::User => &["u1", "u2", "u3", "Ü 4, x"],
            Self::Computer => &["c1", "c2"],
            Self::Group => &["g1", "g2", "g3", "g4"],
            Self::Gmsa => &["m1", "m2"],
            Self::Unit => &["o1", "o2"],
            Self::Contact => &["k1"],
        }
    }

    fn object_class(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Computer => "computer",
            Self::Group => "group",
            Self::Gmsa => "msDS-GroupManagedServiceAccount",
            Self::Unit => "organizationalUnit",
            Self::Contact => "contact",
        }
    }
}

/// What makes the operations: it remembers which objects there probably are.
struct Generator {
    random: Random,
    there: Vec<(String, Class)>,
    /// Whoever may not do it asks for nothing that is wrong in itself: which of two mistakes is told is open.
    plain: bool,
    index: usize,
}

impl Generator {
    fn operation(&mut self, index: usize) -> Operation {
        self.index = index;
        let who = self.random.weighted(&[
            (92, Who::Administrator),
            (4, Who::Reader),
            (4, Who::Stranger),
        ]);
        let add = if index < 10 { 200 } else { 14 };
        let make: fn(&mut Self) -> Request = self.random.weighted(&[
            (add, Self::add as fn(&mut Self) -> Request),
            (22, Self::modify),
            (4, Self::delete),
            (5, Self::rename),
            (10, Self::compare),
            (33, Self::search),
            (12, Self::read_password),
        ]);
        self.plain = who != Who::Administrator;
        let request = make(self);
        let who = if matches!(&request, Request::Search(search) if search.attributes == ["msDS-ManagedPassword"])
        {
            self.random
                .pick(&[Who::Administrator, Who::Reader, Who::Stranger])
        } else {
            who
        };
        Operation { who, request }
    }

    /// A name for an object of this class, below the case's unit or one of its units.
    fn new_name(&mut self, class: Class) -> (String, &'static str) {
        let name = self.random.pick(class.names());
        let units: Vec<String> = self
            .there
            .iter()
            .filter(|(_, class)| *class == Class::Unit)
            .map(|(name, _)| name.clone())
            .collect();
        let parent = match units.len() {
            0 => "{ou}".to_owned(),
            count => {
                let at = self.random.below(count * 3);
                units.get(at).cloned().unwrap_or_else(|| "{ou}".to_owned())
            }
        };
        let attribute = if class == Class::Unit { "OU" } else { "CN" };
        (
            format!("{attribute}={},{parent}", ldap::Dn::escape(name)),
            name,
        )
    }

    /// The name of an object that is probably there.
    fn known(&mut self) -> (String, Class) {
        if self.there.is_empty() {
            return ("CN=u1,{ou}".to_owned(), Class::User);
        }
        let at = self.random.below(self.there.len());
        self.there[at].clone()
    }

    fn known_of(&mut self, class: Class) -> Option<String> {
        let of_class: Vec<&String> = self
            .there
            .iter()
            .filter(|(_, it)| *it == class)
            .map(|(name, _)| name)
            .collect();
        (!of_class.is_empty()).then(|| of_class[self.random.below(of_class.len())].clone())
    }

    /// The name of an object that is there, or is not, or cannot be.
    fn any_name(&mut self) -> String {
        match self.random.below(40) {
            0 => "CN=nobody,{ou}".to_owned(),
            1 => "CN=u1,OU=nowhere,{ou}".to_owned(),
            2 => "no name".to_owned(),
            3 => self.known().0.to_uppercase().replace("{OU}", "{ou}"),
            _ => self.known().0,
        }
    }

    fn add(&mut self) -> Request {
        let class = self.random.weighted(&[
            (6, Class::User),
            (4, Class::Computer),
            (5, Class::Group),
            (5, Class::Gmsa),
            (2, Class::Unit),
            (1, Class::Contact),
        ]);
        let odd = !self.plain && self.random.chance(20);
        let (mut name, short) = if odd {
            let attribute = if class == Class::Unit { "OU" } else { "CN" };
            let short = format!("odd{}", self.index);
            (format!("{attribute}={short},{{ou}}"), short)
        } else {
            let (name, short) = self.new_name(class);
            (name, short.to_owned())
        };
        let mut attributes = vec![("objectClass", vec![Value::from(class.object_class())])];
        attributes.extend(self.usual_attributes(class, &short, odd));
        match self.random.below(15) {
            _ if !odd => {}
            0 => drop(attributes.remove(0)),
            1 => attributes[0].1 = vec![Value::from("noSuchClass")],
            2 => name = format!("OU=x{},{{ou}}", self.random.below(3)),
            3 => name = "CN=x,OU=nowhere,{ou}".to_owned(),
            4 => name = "nonsense".to_owned(),
            5 => attributes[0].1 = vec![Value::from("top")],
            6 => attributes[0].1.insert(0, Value::from("top")),
            7 | 8 => attributes.push(values::system_only(&mut self.random)),
            9 => attributes.push(("noSuchAttribute", vec![Value::from("x")])),
            _ => {
                let attribute = self.attribute_of(class);
                let fits = values::is_of(attribute, class);
                let one = !fits || attribute == "userAccountControl"; // Which may be of the wrong kind.
                let count = 1 + if one { 0 } else { self.random.below(2) };
                let odd = count == 1 && fits && self.random.chance(70);
                let values = self.values(attribute, count, odd);
                attributes.retain(|(name, _)| *name != attribute);
                attributes.push((attribute, values));
            }
        }
        if !self.plain && name.ends_with(",{ou}") {
            self.there.push((name.clone(), class));
        }
        Request::Add { name, attributes }
    }

    /// The attributes that objects of this class usually come with; `few`: only those that they need.
    fn usual_attributes(
        &mut self,
        class: Class,
        short: &str,
        few: bool,
    ) -> Vec<(&'static str, Vec<Value>)> {
        let mut attributes = Vec::new();
        let plain: String = short.chars().filter(char::is_ascii_alphanumeric).collect();
        let account = match class {
            Class::Computer | Class::Gmsa => format!("{{tag}}{plain}$"),
            _ => format!("{{tag}}{plain}"),
        };
        let has_account = !matches!(class, Class::Unit | Class::Contact);
        if has_account && !self.random.chance(5) {
            attributes.push(("sAMAccountName", vec![Value::Text(account)]));
        }
        let mut extra: Vec<&'static str> = Vec::new();
        match class {
            Class::User if self.random.chance(50) => {
                let password = Value::Password("Throw-away 7!");
                attributes.push(("unicodePwd", vec![password]));
                attributes.push(("userAccountControl", vec![Value::from("512")]));
            }
            Class::User => extra.extend(["userAccountControl"]),
            Class::Computer => extra.extend(["userAccountControl", "dNSHostName"]),
            Class::Group if self.plain => extra.extend(["groupType"]),
            Class::Group => extra.extend(["groupType", "member"]),
            Class::Gmsa => {
                if few || !self.random.chance(8) {
                    let days = self
                        .random
                        .weighted(&[(10, "30"), (3, "1"), (1, "0"), (1, "-5")]);
                    attributes.push(("msDS-ManagedPasswordInterval", vec![Value::from(days)]));
                }
                extra.extend(["msDS-GroupMSAMembership", "dNSHostName"]);
            }
            Class::Unit | Class::Contact => {}
        }
        extra.extend(["description", "servicePrincipalName"]);
        for attribute in extra {
            let has_names = matches!(class, Class::User | Class::Computer | Class::Gmsa);
            let fits = !few && (has_names || attribute != "servicePrincipalName");
            if fits && self.random.chance(35) {
                let values = match (class, attribute) {
                    (Class::User, "userAccountControl") => {
                        vec![values::control_of_people(&mut self.random)]
                    }
                    _ => self.values(attribute, 1, false),
                };
                attributes.push((attribute, values));
            }
        }
        attributes
    }

    fn attribute_of(&mut self, class: Class) -> &'static str {
        values::attribute(&mut self.random, class)
    }

    /// Values of an attribute, mostly of objects that are there.
    fn values(&mut self, attribute: &'static str, count: usize, odd: bool) -> Vec<Value> {
        let mut values = Vec::new();
        for _ in 0..count {
            let target = self.known().0;
            let value = values::value(&mut self.random, attribute, &target, odd);
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }

    fn modify(&mut self) -> Request {
        let (mut name, mut class) = self.known();
        if !self.plain && self.random.chance(6) {
            name = self.any_name();
            let is_it = |(it, _): &&(String, Class)| it.eq_ignore_ascii_case(&name);
            class = self.there.iter().find(is_it).map_or(class, |(_, it)| *it);
        }
        let count = self.random.weighted(&[(9, 1), (2, 2)]);
        let mut changes: Vec<(ModificationKind, &'static str, Vec<Value>)> = Vec::new();
        for _ in 0..count {
            if count == 1 && !self.plain && self.random.chance(8) {
                let (attribute, values) = values::system_only(&mut self.random);
                changes.push((ModificationKind::Replace, attribute, values));
                continue;
            }
            let attribute = match self.plain {
                true => "description",
                false => self.attribute_of(class),
            };
            let is_own = !matches!(
                attribute,
                "objectClass"
                    | "cn"
                    | "name"
                    | "member"
                    | "sAMAccountName"
                    | "userPrincipalName"
                    | "servicePrincipalName"
                    | "groupType"
                    | "primaryGroupID"
            );
            let fits = values::is_of(attribute, class);
            if count > 1 && !(is_own && fits) {
                continue;
            }
            if changes.iter().any(|(_, known, _)| *known == attribute) {
                continue;
            }
            let (add, delete) = if count == 1 { (4, 3) } else { (0, 0) };
            let kind = self.random.weighted(&[
                (add, ModificationKind::Add),
                (delete, ModificationKind::Delete),
                (5, ModificationKind::Replace),
            ]);
            let most = if kind == ModificationKind::Add || count > 1 {
                1
            } else {
                0
            };
            let several = if count == 1 { 2 } else { 1 };
            let values = self.random.weighted(&[(2, most), (8, 1), (1, several)]);
            let odd = count == 1 && !self.plain && fits && self.random.chance(12);
            let values = if odd || !fits { values.min(1) } else { values };
            let values = self.values(attribute, values, odd);
            changes.push((kind, attribute, values));
        }
        if changes.is_empty() {
            let values = self.values("description", 1, false);
            changes.push((ModificationKind::Replace, "description", values));
        }
        Request::Modify { name, changes }
    }

    fn delete(&mut self) -> Request {
        let (name, _) = self.known();
        let name = if !self.plain && self.random.chance(10) {
            self.any_name()
        } else {
            name
        };
        let tree = self.random.chance(40);
        if self.plain {
            return Request::Delete { name, tree };
        }
        self.there
            .retain(|(it, _)| *it != name && !(tree && it.ends_with(&format!(",{name}"))));
        Request::Delete { name, tree }
    }

    fn rename(&mut self) -> Request {
        let (name, class) = self.known();
        let (new, _) = self.new_name(class);
        let (rdn, above) = split(&new);
        let odd = !self.plain && self.random.chance(40);
        let rdn = match self.random.below(8) {
            _ if !odd => rdn,
            0 => "OU=other".to_owned(),
            1 => "nonsense".to_owned(),
            2 => split(&name).0.to_uppercase(),
            _ => rdn,
        };
        let superior = match self.random.below(12) {
            _ if self.plain => None,
            0 => Some("OU=nowhere,{ou}".to_owned()),
            1 => Some(name.clone()),
            2..=6 => Some(above),
            _ => None,
        };
        if self.plain {
            return Request::Rename {
                name,
                rdn,
                superior,
            };
        }
        let kept = superior.clone().unwrap_or_else(|| split(&name).1);
        if let Some((it, _)) = self.there.iter_mut().find(|(it, _)| *it == name) {
            *it = format!("{rdn},{kept}");
        }
        Request::Rename {
            name,
            rdn,
            superior,
        }
    }
}

/// The first part of a name, and the rest.
fn split(name: &str) -> (String, String) {
    let name = ldap::Dn::from(name);
    let above = name.parent().map(|above| above.to_string());
    (name.first_rdn().to_owned(), above.unwrap_or_default())
}
