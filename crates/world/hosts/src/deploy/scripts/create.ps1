if (-not (Test-Path -LiteralPath $folder)) {
  $access = New-Object Security.AccessControl.DirectorySecurity
  $access.SetSecurityDescriptorSddlForm('O:BAG:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)')
  [void][IO.Directory]::CreateDirectory($folder, $access)
}
Look
