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
