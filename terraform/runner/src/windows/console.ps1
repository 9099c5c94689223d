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
