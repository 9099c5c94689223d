# One runner from its start to its end.
$graceSeconds = 20 # a spot VM has 30 seconds, all told
$deprecatedLine = '^(An error occur+ed: )?Runner version v?[0-9.]+ is deprecated and cannot receive messages\.?$'
$neverRun = 0x41303 # what the task scheduler says of a task before its first start
$log = $null
$partial = ''
$jobsSeen = 0
$deprecated = $false
$stopping = ''
$deadline = 0.0
$busyAt = 0.0

# SYSTEM may not start a process as another user by itself; the task scheduler may. The log is opened before the runner starts and read by
# that handle alone, so that a job cannot put another file in its place.
function Start-Runner([string]$Password) {
    $start = Write-StartScript
    [IO.File]::WriteAllText($jitFile, $secret)
    [IO.File]::WriteAllText($runnerLog, '')
    $stream = [IO.FileStream]::new($runnerLog, 'Open', 'Read', 'ReadWrite, Delete')
    $script:log = [IO.StreamReader]::new($stream)
    if ((Get-Setting 'slipway-sudo' 'false') -eq 'true') { $level = 'Highest' } else { $level = 'Limited' }
    $action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$start`""
    $settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit ([TimeSpan]::Zero) -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
    Register-ScheduledTask -TaskName $taskName -Action $action -Settings $settings -User $runnerUser -Password $Password -RunLevel $level -Force | Out-Null
    Start-ScheduledTask -TaskName $taskName
    for ($try = 1; $try -le 30 -and -not (Test-RunnerTask); $try++) {
        if ((Get-ScheduledTaskInfo -TaskName $taskName).LastTaskResult -ne $neverRun) { return }
        Start-Sleep -Seconds 1
    }
}

function Test-RunnerTask {
    (Get-ScheduledTask -TaskName $taskName).State -in 'Running', 'Queued'
}

# A signal of the console makes the runner cancel its job, so that GitHub says within seconds that the runner was shut down, and not after ten
# minutes that it was lost. An idle one stops asking for jobs. Another process sends it: it has to leave its own console for the runner's.
$sendInterrupt = @'
Add-Type -Namespace Slipway -Name Console -MemberDefinition '[DllImport("kernel32.dll")] public static extern bool FreeConsole();
[DllImport("kernel32.dll")] public static extern bool AttachConsole(uint id);
[DllImport("kernel32.dll")] public static extern bool SetConsoleCtrlHandler(IntPtr handler, bool add);
[DllImport("kernel32.dll")] public static extern bool GenerateConsoleCtrlEvent(uint signal, uint group);'
[void][Slipway.Console]::FreeConsole()
foreach ($one in Get-Process -Name Runner.Listener -ErrorAction SilentlyContinue) {
    if (-not [Slipway.Console]::AttachConsole([uint32]$one.Id)) { continue }
    [void][Slipway.Console]::SetConsoleCtrlHandler([IntPtr]::Zero, $true)
    [void][Slipway.Console]::GenerateConsoleCtrlEvent(0, 0)
    Start-Sleep -Seconds 1
    [void][Slipway.Console]::FreeConsole()
}
'@

function Stop-Runner([string]$Reason) {
    if ($stopping) { return }
    $script:stopping = $Reason
    $script:deadline = (Get-UpSeconds) + $graceSeconds
    Write-Slipway "$Reason; the runner is told to end and has $graceSeconds s"
    $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($sendInterrupt))
    Start-Process -FilePath 'powershell.exe' -WindowStyle Hidden -ArgumentList '-NoProfile', '-NonInteractive', '-EncodedCommand', $encoded
}

function Read-RunnerLines([string]$Name) {
    $lines = ($partial + $log.ReadToEnd()) -split "`r?`n"
    $script:partial = $lines[-1]
    foreach ($line in $lines | Select-Object -SkipLast 1) {
        Write-Relayed $line
        if ($line -match '^[0-9-]+ [0-9:]+Z: Listening for Jobs') { Complete-Boot $Name }
        if ($line -match '^[0-9-]+ [0-9:]+Z: Running job:') {
            $script:jobsSeen++
            $script:busyAt = Get-UpSeconds
        } elseif ($jobsSeen -eq 0 -and $line -match $deprecatedLine) {
            $script:deprecated = $true
        }
    }
}

# Ends when the runner has ended; sets why. With 0 seconds the runner may wait for ever.
function Wait-Runner([string]$Name, [int]$IdleSeconds) {
    $script:busyAt = Get-UpSeconds
    for ($tick = 0; Test-RunnerTask; $tick++) {
        $works = [bool](Get-Process -Name Runner.Worker -ErrorAction SilentlyContinue)
        Read-RunnerLines $Name
        if ($works) { $script:busyAt = Get-UpSeconds }
        if (Test-Path $shutdownFlag) {
            Stop-Runner 'the VM is shutting down'
        } elseif ($tick % 5 -eq 0 -and (Test-Preemption)) {
            Stop-Runner 'the spot VM is being preempted'
        } elseif (-not $works -and $IdleSeconds -gt 0 -and (Get-UpSeconds) - $busyAt -ge $IdleSeconds) {
            Stop-Runner "no job for $IdleSeconds s"
        }
        if ($stopping -and (Get-UpSeconds) -ge $deadline) {
            Write-Slipway 'the runner did not end in time and is ended by force'
            Stop-ScheduledTask -TaskName $taskName
            Get-Process -Name 'Runner.Listener', 'Runner.Worker' -ErrorAction SilentlyContinue | Stop-Process -Force
            break
        }
        Start-Sleep -Seconds 1
    }
    Read-RunnerLines $Name
    if ($partial) { Write-Relayed $partial }
    $code = (Get-ScheduledTaskInfo -TaskName $taskName).LastTaskResult
    if ($code -eq 7) { $script:deprecated = $true }
    if ($code -eq $metadataReached) {
        $script:why = 'the firewall does not keep the runner from the metadata server; it was not started'
    } elseif ($deprecated) {
        Write-Slipway 'runner-deprecated: GitHub refuses this version of the runner; raise slipway-runner-version and its checksum, or bake a new image'
        $script:why = 'the runner is deprecated'
    } elseif ($stopping) {
        $script:why = $stopping
    } elseif ($code -ne 0) {
        $script:why = "the runner failed with exit status $code after $jobsSeen job(s)"
    } elseif ($jobsSeen -eq 0) {
        $script:why = 'the runner ended without a job'
    } else {
        $script:why = 'the runner has run its job'
    }
}

# The end of the runner's own logs. A folder that is a link is somebody else's.
function Show-Diagnostics([int]$Lines) {
    $folder = Get-Item -LiteralPath (Join-Path $runnerDir '_diag') -ErrorAction SilentlyContinue
    if ($Lines -le 0 -or -not $folder -or ($folder.Attributes -band [IO.FileAttributes]::ReparsePoint)) { return }
    foreach ($kind in 'Runner', 'Worker') {
        $file = Get-ChildItem -LiteralPath $folder.FullName -Filter "${kind}_*.log" | Sort-Object LastWriteTime | Select-Object -Last 1
        if (-not $file) { continue }
        Write-Relayed "== the last $Lines lines of $($file.FullName)"
        Get-Content -LiteralPath $file.FullName -Tail $Lines | ForEach-Object { Write-Relayed $_ }
    }
}
