$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
trap { 'error ' + ($_.Exception.Message -replace '\s+', ' '); exit 1 }
$folder = '@FOLDER@'
$ours = '^gmsactl-agent-[0-9a-f]{64}\.exe(\.part)?$'
function Access($path) {
  [Convert]::ToBase64String((Get-Acl -LiteralPath $path).GetSecurityDescriptorBinaryForm())
}
function Digest($path) {
  $stream = [IO.File]::Open($path, 'Open', 'Read', 'ReadWrite, Delete')
  try {
    $sha = New-Object Security.Cryptography.SHA256CryptoServiceProvider
    [BitConverter]::ToString($sha.ComputeHash($stream)) -replace '-'
  } finally { $stream.Close() }
}
function Look {
  'user ' + [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
  if (Test-Path -LiteralPath $folder) {
    'folder ' + [int](Get-Item -LiteralPath $folder -Force).Attributes + ' ' + (Access $folder)
    foreach ($entry in Get-ChildItem -LiteralPath $folder -Force) {
      if ($entry.Name -cmatch $ours -and -not $entry.PSIsContainer) {
        $path = $entry.FullName
        'file ' + $entry.Name + ' ' + $entry.Length + ' ' + (Digest $path) + ' ' + (Access $path)
      } else { 'other' }
    }
  }
  'end'
}
