# Where things are. Jobs may write neither to the folder of Slipway nor to that of its scripts; the runner's user may write to the third.
$runnerUser = 'runner'
$runnerDir = 'C:\actions-runner'
$stateDir = Join-Path $env:ProgramData 'slipway'
$scriptDir = Join-Path $stateDir 'scripts'
$runDir = Join-Path $stateDir 'run'
$runnerLog = Join-Path $runDir 'runner.log'
$jitFile = Join-Path $runDir 'jit-config'
$shutdownFlag = Join-Path $stateDir 'shutdown'
$standbyMark = Join-Path $stateDir 'standby'
$taskName = 'slipway-runner'

# Rights of whole folders: *SID:RIGHT, for what is in them too. Names of groups differ with the language of Windows, SIDs do not.
$system = '*S-1-5-18'
$administrators = '*S-1-5-32-544'

# Standard error of a program is no reason to end, its exit status is.
function Invoke-Program([string]$File, [string[]]$Arguments) {
    $ErrorActionPreference = 'Continue'
    $output = & $File @Arguments 2>&1
    if ($LASTEXITCODE -ne 0) { Stop-Script "$File ended with status ${LASTEXITCODE}: $($output | Select-Object -Last 1)" }
}

function Set-FolderRights([string]$Path, [string[]]$Grants) {
    New-Item -ItemType Directory -Force -Path $Path | Out-Null
    Invoke-Program 'icacls.exe' (@($Path, '/inheritance:r', '/grant:r', "${system}:(OI)(CI)F", "${administrators}:(OI)(CI)F") + $Grants)
}

function New-Folders([string]$Sid) {
    Set-FolderRights $stateDir @("*${Sid}:RX")
    Set-FolderRights $scriptDir @("*${Sid}:(OI)(CI)RX")
    Set-FolderRights $runDir @("*${Sid}:(OI)(CI)M")
}
