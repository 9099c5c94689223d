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
