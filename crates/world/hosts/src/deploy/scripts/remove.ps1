if (Test-Path -LiteralPath $folder) {
  foreach ($entry in Get-ChildItem -LiteralPath $folder -Force) {
    if ($entry.Name -cmatch $ours -and $entry.Name -like '@WHICH@') {
      for ($try = 1; ; $try++) {
        try { [IO.File]::Delete($entry.FullName); 'removed ' + $entry.Name; break }
        catch { if ($try -ge 20) { 'kept ' + $entry.Name; break } }
        Start-Sleep -Milliseconds 100
      }
    }
  }
  if (-not (Get-ChildItem -LiteralPath $folder -Force)) { [IO.Directory]::Delete($folder) }
}
Look
