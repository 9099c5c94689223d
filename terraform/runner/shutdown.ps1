# Shutdown script of a VM with Windows (README.md). Not tested on a VM. Tells startup.ps1 that the VM goes, and waits until the runner has ended:
# GitHub then shows its job as cancelled, not as lost.
$ErrorActionPreference = 'Stop'
New-Item -ItemType File -Force -Path (Join-Path $env:ProgramData 'slipway\shutdown') | Out-Null
for ($second = 0; $second -lt 25 -and (Get-Process -Name Runner.Listener -ErrorAction SilentlyContinue); $second++) {
    Start-Sleep -Seconds 1
}
