# Startup script of a VM with Windows and an ephemeral runner (README.md), for Windows PowerShell 5.1. Not tested on a VM: parsed and checked only.
# Assembled from src/windows by assemble.sh: change it there.
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

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

# What the VM has to say goes to its serial port, and from there to Cloud Logging: when the VM is gone, that is all there is.

$why = ''    # why the script ends, said last
$secret = '' # what must never be written: the JIT config

# One line, without the secret and without control characters: part of it comes from jobs. The guest agent has the port open for each of its own
# lines, and puts a prefix before what this script prints: hence the port itself, in some tries, and standard output else.
function Write-Console([string]$Line) {
    if ($secret) { $Line = $Line.Replace($secret, '***') }
    if ($Line.Length -gt 4000) { $Line = $Line.Substring(0, 4000) }
    $Line = $Line -replace '[\x00-\x1f\x7f]', ' '
    for ($try = 1; $try -le 5; $try++) {
        $port = [IO.Ports.SerialPort]::new('COM1', 115200, 'None', 8, 'One')
        try {
            $port.WriteTimeout = 2000
            $port.Open()
            $port.Write("$Line`r`n")
            return
        } catch {
            Start-Sleep -Milliseconds 50
        } finally {
            $port.Dispose()
        }
    }
    [Console]::Out.WriteLine($Line)
}

function Write-Slipway([string]$Text) {
    Write-Console ('{0} slipway: {1}' -f [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ', [Globalization.CultureInfo]::InvariantCulture), $Text)
}

# What the runner printed. It may be a job's text, so it never stands where this script's own words do.
function Write-Relayed([string]$Text) {
    Write-Console "runner: $Text"
}

function Stop-Script([string]$Text) {
    $script:why = $Text
    throw $Text
}

# How long each step of the boot took, in seconds since Windows started: one line on the serial port, which Terraform's metrics read.
$bootSteps = ''
$bootBase = 0.0

function Get-UpSeconds {
    [Diagnostics.Stopwatch]::GetTimestamp() / [double][Diagnostics.Stopwatch]::Frequency
}

function Add-BootStep([string]$Step) {
    $seconds = (Get-UpSeconds) - $bootBase
    $script:bootSteps += ' {0}={1}' -f $Step, $seconds.ToString('0.00', [Globalization.CultureInfo]::InvariantCulture)
}

# The runner's listener is connected: the boot is over. Once. The name of the computer is cut to 15 characters, so the VM's own name is said.
function Complete-Boot([string]$Name) {
    if (-not $bootSteps -and $bootBase -eq 0) { return }
    Add-BootStep 'listener'
    if ($bootBase -gt 0) { $kind = 'wake' } else { $kind = 'boot' }
    Write-Slipway "$kind-seconds$bootSteps vm=$Name"
    $script:bootSteps = ''
    $script:bootBase = 0.0
}

# Where the VM learns what it is for.
$metadataUrl = 'http://169.254.169.254/computeMetadata/v1'
$metadataTries = 30

# Sends one request, never by a proxy. Gives the status, 0 without an answer, and the text.
function Invoke-Metadata([string]$Path, [string]$Method = 'GET', [string]$Body = '', [int]$TimeoutSeconds = 10) {
    $request = [Net.WebRequest]::Create("$metadataUrl/$Path")
    $request.Method = $Method
    $request.Headers.Add('Metadata-Flavor', 'Google')
    $request.Proxy = $null
    $request.Timeout = $TimeoutSeconds * 1000
    try {
        if ($Method -ne 'GET') {
            $bytes = [Text.Encoding]::UTF8.GetBytes($Body)
            $request.ContentLength = $bytes.Length
            $stream = $request.GetRequestStream()
            $stream.Write($bytes, 0, $bytes.Length)
            $stream.Dispose()
        }
        $response = $request.GetResponse()
        try {
            $reader = [IO.StreamReader]::new($response.GetResponseStream(), [Text.Encoding]::UTF8)
            return @{ Status = [int]$response.StatusCode; Text = $reader.ReadToEnd() }
        } finally {
            $response.Dispose()
        }
    } catch {
        $failure = $_.Exception
        while ($failure -and -not ($failure -is [Net.WebException])) { $failure = $failure.InnerException }
        if ($failure -and $failure.Response) { return @{ Status = [int]$failure.Response.StatusCode; Text = '' } }
        return @{ Status = 0; Text = '' }
    }
}

# The value at the path, or nothing where there is none. The server can be late at boot, and it answers 429 and 503 now and then.
function Get-Metadata([string]$Path) {
    for ($try = 1; $try -le $metadataTries; $try++) {
        $answer = Invoke-Metadata $Path
        if ($answer.Status -eq 200) { return $answer.Text }
        if ($answer.Status -eq 404) { return '' }
        Write-Slipway "the metadata server answered $($answer.Status) for $Path (try $try of $metadataTries)"
        Start-Sleep -Seconds 2
    }
    Stop-Script "the metadata server did not give $Path in $metadataTries tries"
}

function Get-Setting([string]$Name, [string]$Default) {
    $value = Get-Metadata "instance/attributes/$Name"
    if ($value) { return $value }
    return $Default
}

function Get-Number([string]$Name, [int]$Default) {
    $value = Get-Setting $Name "$Default"
    if ($value -match '^[0-9]{1,9}$') { return [int]$value }
    Write-Slipway "found $Name=$value, expected a whole number: $Default it is"
    return $Default
}

# Tells the control plane by the guest attribute slipway/standby.
function Send-StandbyReport([string]$Value) {
    for ($try = 1; $try -le $metadataTries; $try++) {
        if ((Invoke-Metadata 'instance/guest-attributes/slipway/standby' 'PUT' $Value).Status -eq 200) { return $true }
        Start-Sleep -Seconds 2
    }
    return $false
}

# A spot VM has 30 seconds from the notice.
function Test-Preemption {
    (Invoke-Metadata 'instance/preempted' 'GET' '' 2).Text -like 'TRUE*'
}

# The user that the runner runs as, and what it may not reach.

# Gives the user's SID. Its password is new at each boot, and nobody's. To be started by the task scheduler a user needs the right of batch jobs, which
# the group of the performance log's users has; with slipway-sudo it is an administrator, as on GitHub's own runners.
function New-RunnerUser([string]$Password) {
    $secure = ConvertTo-SecureString $Password -AsPlainText -Force
    if (Get-LocalUser -Name $runnerUser -ErrorAction SilentlyContinue) {
        Set-LocalUser -Name $runnerUser -Password $secure
        Enable-LocalUser -Name $runnerUser
    } else {
        New-LocalUser -Name $runnerUser -Password $secure -PasswordNeverExpires -AccountNeverExpires | Out-Null
    }
    $sid = (Get-LocalUser -Name $runnerUser).SID.Value
    $groups = @('S-1-5-32-545', 'S-1-5-32-559')
    if ((Get-Setting 'slipway-sudo' 'false') -eq 'true') {
        $groups += 'S-1-5-32-544'
        Write-Slipway 'jobs are administrators'
    }
    foreach ($group in $groups) {
        if (-not (Get-LocalGroupMember -SID $group | Where-Object { $_.SID.Value -eq $sid })) {
            Add-LocalGroupMember -SID $group -Member $runnerUser
        }
    }
    return $sid
}

function New-Password {
    $bytes = New-Object byte[] 32
    $random = [Security.Cryptography.RandomNumberGenerator]::Create()
    $random.GetBytes($bytes)
    $random.Dispose()
    return [Convert]::ToBase64String($bytes) + 'aA1!' # what rules of complexity ask for
}

# The metadata server holds the JIT config and, where the VM has a service account, its token. DNS (53) and time (123) live at the same address and
# stay open. No block, no runner: start-runner.ps1 looks whether it holds.
function Block-Metadata([string]$Sid) {
    Set-NetFirewallProfile -All -Enabled True
    foreach ($protocol in 'TCP', 'UDP') {
        $name = "slipway-metadata-$protocol"
        Remove-NetFirewallRule -Name $name -ErrorAction SilentlyContinue
        New-NetFirewallRule -Name $name -DisplayName "Slipway: keeps jobs from the metadata server ($protocol)" -Profile Any `
            -Direction Outbound -Action Block -Protocol $protocol -RemoteAddress '169.254.169.254', 'fd20:ce::254' `
            -RemotePort '1-52', '54-122', '124-65535' -LocalUser "D:(A;;CC;;;$Sid)" | Out-Null
    }
}

# The actions runner, and the way to it.
$releasesUrl = 'https://github.com/actions/runner/releases/download'
$proxyUrl = ''
$environment = @{} # of the runner

# The way out of a network that goes by a proxy, or has certificates of its own.
function Initialize-WayOut {
    [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
    $certificates = Get-Setting 'slipway-ca-certificates' ''
    if ($certificates) {
        $file = Join-Path $scriptDir 'ca.pem'
        [IO.File]::WriteAllText($file, $certificates)
        foreach ($match in [regex]::Matches($certificates, '-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----')) {
            $one = Join-Path $scriptDir 'ca.crt'
            [IO.File]::WriteAllText($one, $match.Value)
            Import-Certificate -FilePath $one -CertStoreLocation 'Cert:\LocalMachine\Root' | Out-Null
        }
        $environment['NODE_EXTRA_CA_CERTS'] = $file
    }
    $script:proxyUrl = Get-Setting 'slipway-proxy' ''
    if (-not $proxyUrl) { return }
    if ($proxyUrl -notmatch '^https?://[A-Za-z0-9.-]+:[0-9]{1,5}$') { Stop-Script "found slipway-proxy=$proxyUrl, expected http://HOST:PORT" }
    $direct = @('localhost', '127.0.0.1', '169.254.169.254', 'metadata.google.internal') + @(Get-Setting 'slipway-no-proxy' '' | Where-Object { $_ })
    foreach ($name in 'http_proxy', 'https_proxy') { $environment[$name] = $proxyUrl }
    $environment['no_proxy'] = $direct -join ','
    Write-Slipway "everything else than $($direct -join ',') is reached by $proxyUrl"
}

# What the image has is taken, unless the attribute asks for another version. Where the control plane says which versions GitHub refuses, a version
# of the image that is not among them is taken too. There is no pinned version: its checksum comes with it.
function Install-Runner([string]$Sid) {
    $wanted = Get-Setting 'slipway-runner-version' ''
    $refused = Get-Setting 'slipway-runner-refused' ''
    $have = ''
    if (Test-Path (Join-Path $runnerDir 'run.cmd')) {
        $have = 'unknown'
        $versionFile = Join-Path $runnerDir '.slipway-version'
        if (Test-Path $versionFile) { $have = (Get-Content -TotalCount 1 $versionFile).Trim() }
    }
    if ($have -and (-not $wanted -or $wanted -eq $have -or ($refused -and ($refused -split '[ ,]+') -notcontains $have))) {
        Write-Slipway "the image has the runner (version $have)"
    } else {
        if ($wanted -notmatch '^[0-9]+\.[0-9]+\.[0-9]+$') {
            Stop-Script "found slipway-runner-version=$wanted, expected a version such as 2.338.0, or an image with the runner in $runnerDir"
        }
        Save-Runner $wanted (Get-Setting 'slipway-runner-sha256-win-x64' '')
    }
    Invoke-Program 'icacls.exe' @($runnerDir, '/grant', "*${Sid}:(OI)(CI)M", '/T', '/Q')
}

function Save-Runner([string]$Version, [string]$Sha256) {
    if ($env:PROCESSOR_ARCHITECTURE -ne 'AMD64') { Stop-Script "found the architecture $env:PROCESSOR_ARCHITECTURE, expected AMD64" }
    if ($Sha256 -notmatch '^[0-9a-f]{64}$') { Stop-Script "runner $Version needs its checksum: set slipway-runner-sha256-win-x64 to 64 hexadecimal digits" }
    $url = "$releasesUrl/v$Version/actions-runner-win-x64-$Version.zip"
    $file = Join-Path $stateDir 'runner.zip'
    for ($try = 1; ; $try++) {
        try {
            $client = [Net.WebClient]::new()
            if ($proxyUrl) { $client.Proxy = [Net.WebProxy]::new($proxyUrl) } else { $client.Proxy = $null }
            $client.DownloadFile($url, $file)
            break
        } catch {
            Write-Slipway "the download of $url failed (try $try of 5)"
            if ($try -ge 5) { Stop-Script 'the runner could not be downloaded: the VM needs to reach github.com (Cloud NAT or an external address), or an image with the runner' }
            Start-Sleep -Seconds 2
        }
    }
    $found = (Get-FileHash -Algorithm SHA256 -LiteralPath $file).Hash.ToLowerInvariant()
    if ($found -ne $Sha256) { Stop-Script "the checksum of $url is wrong: expected $Sha256, found $found; nothing of it was run" }
    if (Test-Path $runnerDir) { Remove-Item -Recurse -Force -LiteralPath $runnerDir }
    Add-Type -AssemblyName System.IO.Compression.FileSystem
    [IO.Compression.ZipFile]::ExtractToDirectory($file, $runnerDir)
    Remove-Item -Force -LiteralPath $file
    [IO.File]::WriteAllText((Join-Path $runnerDir '.slipway-version'), $Version)
    Write-Slipway "runner $Version installed"
}

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
