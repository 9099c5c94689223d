# The VM of an ephemeral runner: one boot, one runner, one job, power off. Whatever happens, it ends with the power off: a VM that is on costs
# money, and the control plane counts it as capacity. Compute Engine deletes it after maxRunDuration, also when this script was killed.
$standby = ''
$diagLines = 50

function Get-JitConfig {
    $script:secret = Get-Metadata 'instance/attributes/slipway-jit-config'
    if ($secret) { return }
    $script:standby = Get-Setting 'slipway-standby' ''
    if ($standby -eq 'suspended') { Stop-Script 'a VM with Windows is not held suspended: expected standby: {stopped: 1} in its pool' }
    if ($standby -ne 'stopped') {
        Stop-Script 'no JIT config: expected it in the metadata attribute slipway-jit-config; the control plane puts it there when it creates the VM'
    }
}

# A standby machine prepares itself, reports that, and powers off. Started for a job, it waits for its JIT config for 15 minutes at most.
function Wait-JitConfig {
    if (-not (Test-Path $standbyMark)) {
        New-Item -ItemType File -Path $standbyMark | Out-Null
        if (-not (Send-StandbyReport 'ready')) { Stop-Script 'the metadata server did not take the guest attribute slipway/standby: is there an organisation policy against guest attributes?' }
        $script:why = 'the standby machine is prepared'
        return $false
    }
    for ($try = 1; $try -le 450; $try++) {
        $answer = Invoke-Metadata 'instance/attributes/slipway-jit-config'
        if ($answer.Status -eq 200 -and $answer.Text) {
            $script:secret = $answer.Text
            $script:bootBase = Get-UpSeconds
            $script:bootSteps = ''
            return $true
        }
        Start-Sleep -Seconds 2
    }
    Stop-Script 'no JIT config came in 450 tries; a standby machine is not left on'
}

function Invoke-Main {
    $name = Get-Metadata 'instance/name'
    Write-Slipway "starting on $name (Windows)"
    Get-JitConfig
    $password = New-Password
    $sid = New-RunnerUser $password
    New-Folders $sid
    Remove-Item -Force -LiteralPath $shutdownFlag -ErrorAction SilentlyContinue
    Initialize-WayOut
    Add-BootStep 'metadata'
    $idle = Get-Number 'slipway-idle-seconds' 900
    $script:diagLines = Get-Number 'slipway-diag-lines' 50
    Block-Metadata $sid
    Install-Runner $sid
    if ((Get-Setting 'slipway-docker' 'false') -eq 'true') { Write-Slipway 'slipway-docker is for Linux: on Windows the image brings Docker, or there is none' }
    Install-Hooks
    Invoke-BootScript
    Add-BootStep 'runner'
    if ($standby -and -not (Wait-JitConfig)) { return }
    Start-Runner $password
    Write-Slipway "the runner is started; without a job for $idle s it goes"
    Wait-Runner $name $idle
}

try {
    Invoke-Main
} catch {
    if (-not $why) { $why = "unexpected failure in line $($_.InvocationInfo.ScriptLineNumber): $($_.Exception.GetType().Name)" }
    if ($standby -and -not $secret) { [void](Send-StandbyReport "failed: $why") }
}
try {
    if ($log) { Show-Diagnostics $diagLines }
    Write-Slipway "power off: $why"
} finally {
    & shutdown.exe /s /f /t 0
}
