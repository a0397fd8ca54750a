begin {
  $ErrorActionPreference = 'Stop'
  trap { 'error ' + ($_.Exception.Message -replace '\s+', ' '); exit 1 }
  $file = [IO.File]::Open((Join-Path '@FOLDER@' '@NAME@.part'), 'Create', 'Write', 'None')
}
process {
  trap { 'error ' + ($_.Exception.Message -replace '\s+', ' '); exit 1 }
  if ($_) { $piece = [Convert]::FromBase64String($_); $file.Write($piece, 0, $piece.Length) }
}
end { $file.Close(); 'end' }
