//! The nouns: names, inventory, intent, finding, plan, run, and the ports to the world.
