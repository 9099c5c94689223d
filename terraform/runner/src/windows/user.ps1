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
