# What the operator runs on the VM beside the runner, from metadata attributes; and what starts the runner.

# The boot script runs as SYSTEM before the runner starts. One that fails ends the VM: a job on a half-made VM would fail for a reason that
# nobody sees.
function Invoke-BootScript {
    $text = Get-Setting 'slipway-boot-script' ''
    if (-not $text) { return }
    $file = Join-Path $scriptDir 'boot-script.ps1'
    Write-Script $file $text
    Write-Slipway 'the boot script starts'
    # What it writes to standard error is no reason to end here.
    $ErrorActionPreference = 'Continue'
    & powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File $file 2>&1 | ForEach-Object { Write-Relayed "boot script: $_" }
    $code = $LASTEXITCODE
    $ErrorActionPreference = 'Stop'
    if ($code -ne 0) { Stop-Script "the boot script ended with status $code" }
}

# GitHub's hooks, as the runner's user. A hook that fails fails the job.
function Install-Hooks {
    foreach ($moment in 'started', 'completed') {
        $text = Get-Setting "slipway-hook-job-$moment" ''
        if (-not $text) { continue }
        $file = Join-Path $scriptDir "hook-job-$moment.ps1"
        Write-Script $file $text
        $environment["ACTIONS_RUNNER_HOOK_JOB_$($moment.ToUpperInvariant())"] = $file
    }
}

# With a byte order mark: Windows PowerShell takes a file without one for text of the system's code page.
function Write-Script([string]$Path, [string]$Text) {
    [IO.File]::WriteAllText($Path, $Text, [Text.UTF8Encoding]::new($true))
}

# Runs as the runner's user: looks whether the metadata server is out of reach, takes the JIT config out of its file into the environment, where
# command lines do not show it, and starts the runner. `< NUL`: else cmd.exe asks whether it shall end, when the runner is told to.
$startRunner = @'
$ErrorActionPreference = 'Stop'
try {
    $request = [Net.WebRequest]::Create('http://169.254.169.254/computeMetadata/v1/')
    $request.Proxy = $null
    $request.Timeout = 3000
    $request.GetResponse().Dispose()
    exit 70
} catch {
    $failure = $_.Exception
    while ($failure -and -not ($failure -is [Net.WebException])) { $failure = $failure.InnerException }
    if ($failure -and $failure.Response) { exit 70 }
}
$env:ACTIONS_RUNNER_INPUT_JITCONFIG = [IO.File]::ReadAllText('JIT_FILE')
Remove-Item -Force -LiteralPath 'JIT_FILE'
$env:ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE = '1'
ENVIRONMENT
Set-Location -LiteralPath 'RUNNER_DIR'
& cmd.exe /d /c 'run.cmd < NUL >> "RUNNER_LOG" 2>&1'
exit $LASTEXITCODE
'@
$metadataReached = 70

# A line of PowerShell that sets a variable of the environment; the value stands in single quotes, in which nothing but a quote is special.
function Get-EnvironmentLine([string]$Name) {
    "`$env:$Name = '{0}'" -f $environment[$Name].Replace("'", "''")
}

function Write-StartScript {
    $lines = @($environment.Keys | Sort-Object | ForEach-Object { Get-EnvironmentLine $_ }) -join "`r`n"
    $text = $startRunner.Replace('JIT_FILE', $jitFile).Replace('RUNNER_DIR', $runnerDir).Replace('RUNNER_LOG', $runnerLog).Replace('ENVIRONMENT', $lines)
    $file = Join-Path $scriptDir 'start-runner.ps1'
    Write-Script $file $text
    return $file
}
