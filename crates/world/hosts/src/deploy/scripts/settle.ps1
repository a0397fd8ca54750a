$part = Join-Path $folder '@NAME@.part'
$whole = Join-Path $folder '@NAME@'
if (-not (Test-Path -LiteralPath $whole) -and (Digest $part) -eq '@SHA256@') { [IO.File]::Move($part, $whole) }
else { [IO.File]::Delete($part) }
Look
