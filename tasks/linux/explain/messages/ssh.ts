/** ssh to a guest or another host, and the server that does not answer. */
import type { PrintfKind } from './printf.ts'
import { group, type Row } from './row.ts'

export const SSH_KINDS: readonly PrintfKind[] = [
  {
    rule: 'ssh: server ends the connection',
    formats: `
kex_exchange_identification: read: Connection reset by peer
kex_exchange_identification: Connection closed by remote host
kex_exchange_identification: client sent invalid protocol identifier
ssh_exchange_identification: Connection closed by remote host
ssh_exchange_identification: read: Connection reset by peer
Connection timed out during banner exchange
banner exchange: Connection to %s: Connection timed out
ssh_dispatch_run_fatal: Connection to %s: %s`,
    cause:
      'something took the connection, and no ssh server spoke: QEMU accepts on a forwarded port (hostfwd) even while the guest has no network or no sshd, or sshd ends at once (no host keys, MaxStartups, hosts.deny)',
    fixes: [
      'wait until the guest is up, and look at its console: ip addr, ss -ltn | grep :22, systemctl status ssh',
      'in the guest: ssh-keygen -A makes missing host keys; sshd -t tells what is wrong with its configuration',
      'hostfwd=tcp:127.0.0.1:2222-:22 needs an address in the guest (dhclient, ip=dhcp on the command line of the kernel) and a driver for its card (VIRTIO_NET, E1000)',
    ],
    confidence: 'likely',
    sources: ['kex.c of OpenSSH', 'net/slirp.c of QEMU'],
  },
  {
    rule: 'ssh: host key',
    formats: `
REMOTE HOST IDENTIFICATION HAS CHANGED!
POSSIBLE DNS SPOOFING DETECTED!
Host key verification failed.
Offending %s key in %s
No %s host key is known for %s and you have requested strict checking.
The authenticity of host '%s' can't be established.`,
    cause:
      'the key of the server is not the one in known_hosts, or is not there yet: a VM that was made anew, or another VM behind the same port, has another key',
    fixes: [
      'ssh-keygen -R "[127.0.0.1]:2222" (host and port as they were given), if you know why the key changed',
      'for VMs of your own on the loopback: -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no; a service (nginx, root) has a known_hosts of its own',
    ],
    sources: ['sshconnect.c of OpenSSH'],
  },
  {
    rule: 'ssh: private key',
    formats: `
WARNING: UNPROTECTED PRIVATE KEY FILE!
are too open.
Load key "%s": %s
Bad owner or permissions on %s
Identity file %s not accessible: %s
This private key will be ignored.`,
    cause: 'ssh does not use the key or configuration: others may read or write it, it is damaged, or it is not there',
    fixes: [
      'chmod 600 KEY (700 for ~/.ssh), owned by the user who runs ssh: a key in a repository or on a Windows disk often has 644',
      'ssh-keygen -y -f KEY reads it; an error in libcrypto is often a missing last line end, or DOS line ends',
    ],
    sources: ['authfile.c of OpenSSH'],
  },
  {
    rule: 'ssh: no common algorithm',
    formats: `
no matching host key type found. Their offer: %s
no matching key exchange method found. Their offer: %s
no matching cipher found. Their offer: %s
no mutual signature algorithm
sign_and_send_pubkey: no mutual signature supported
sign_and_send_pubkey: signing failed for %s`,
    cause:
      'client and server are of different ages and share no algorithm: OpenSSH 8.8 and later no longer take ssh-rsa (SHA-1), old servers have nothing else',
    fixes: [
      '-o HostKeyAlgorithms=+ssh-rsa -o PubkeyAcceptedAlgorithms=+ssh-rsa for this host only; better: a newer server, or an ed25519 key',
    ],
    sources: ['https://www.openssh.com/txt/release-8.8'],
  },
  {
    rule: 'ssh: server does not start',
    formats: `
no hostkeys available -- exiting.
Missing privilege separation directory: %s
Privilege separation user %s does not exist
Bind to port %d on %s failed: %s
error: Could not load host key: %s`,
    cause: 'sshd cannot start: it has no host keys, its directory /run/sshd is not there, or the port is taken',
    fixes: ['ssh-keygen -A; mkdir -p /run/sshd; ss -ltnp | grep :22; sshd -t tests the configuration'],
    sources: ['sshd.c of OpenSSH'],
  },
  {
    rule: 'ssh: connection was lost',
    formats: `
client_loop: send disconnect: Broken pipe
packet_write_wait: Connection to %s: Broken pipe
Write failed: Broken pipe
Timeout, server %s not responding.
Connection to %s closed by remote host.`,
    cause:
      'the connection broke in the middle: the guest went down or crashed, its network was taken away, or a firewall forgot an idle connection',
    fixes: [
      'look at the console of the guest: a panic, a reboot, the OOM killer',
      'ServerAliveInterval 30 in ~/.ssh/config keeps idle connections; tmux keeps the work',
    ],
    confidence: 'likely',
    sources: ['clientloop.c of OpenSSH'],
  },
  {
    rule: 'ssh: socket of a shared connection',
    formats: `
muxserver_listen: %s
too long for Unix domain socket
ControlSocket %s already exists, disabling multiplexing
ControlPath "%s" too long`,
    cause:
      'the socket of a shared connection (ControlPath) cannot be made: its path is longer than 108 characters, or its file system has no sockets or hard links',
    fixes: ['ControlPath=/tmp/ssh-%C; -o ControlMaster=no does without'],
    sources: ['mux.c of OpenSSH'],
  },
  {
    rule: 'ssh: refused by the server',
    formats: `
Too many authentication failures
PTY allocation request failed on channel %d
administratively prohibited: open failed
remote port forwarding failed for listen port %d
shell request failed on channel %d
subsystem request failed on channel %d`,
    cause:
      'the server took the connection and refuses what was asked for: too many keys were offered, no devpts is mounted in a small guest, forwarding is off, or there is no such shell or sftp server',
    fixes: [
      '-o IdentitiesOnly=yes -i KEY offers one key only',
      'in the guest: mount -t devpts devpts /dev/pts; sftp-server installed (or scp -O for the old protocol); AllowTcpForwarding yes',
    ],
    confidence: 'likely',
    sources: ['sshd_config(5)'],
  },
]

const BY_ERROR: Readonly<Record<string, readonly [cause: string, fix: string]>> = {
  'Connection refused': [
    'the host answers, and nothing listens on the port: sshd does not run there (yet), the port is another one, or QEMU was started without hostfwd',
    'ss -ltnp | grep PORT on the host; -nic user,hostfwd=tcp:127.0.0.1:2222-:22; systemctl status ssh in the guest',
  ],
  'Connection timed out': [
    'no answer at all: a firewall drops the packets, the host is down, or the address cannot be reached from here (10.0.2.15 of user networking never can)',
    'ping HOST; for a guest with user networking: ssh -p 2222 USER@127.0.0.1 with hostfwd',
  ],
  'No route to host': [
    'the address is in no network of this host, or its neighbour does not answer ARP: the VM is down, has another address, or a firewall rejects',
    'ip route get ADDRESS; ip neigh; the address in the guest: ip addr',
  ],
  'Network is unreachable': ['this host has no route to the address (or no IPv6)', 'ip route; ssh -4'],
}

export const SSH_ROWS: readonly Row[] = [
  {
    rule: 'ssh: no connection',
    needle: 'ssh: connect to ',
    pattern:
      /ssh: connect to (?:host|address) (\S+) port (\d+): (Connection refused|Connection timed out|No route to host|Network is unreachable)/,
    answer: (match) => {
      const [cause, fix] = BY_ERROR[group(match, 3)] ?? ['', '']
      return {
        what: `ssh to ${match[1]} port ${match[2]}: ${match[3]}`,
        cause,
        fixes: [fix],
        confidence: 'likely',
        sources: ['connect(2)'],
      }
    },
  },
  {
    rule: 'ssh: login refused',
    needle: ['ermission denied (', 'ermission denied, please'],
    pattern:
      /Permission denied \(((?:publickey|password|keyboard-interactive|gssapi|hostbased)[^)]*)\)|^Permission denied, please try again/,
    key: () => '',
    answer: (match) => ({
      cause: /^publickey$/.test(match[1] ?? '')
        ? 'the server takes keys only, and none of those that were offered is in authorized_keys of this user (or that file and its directory may be written by others)'
        : 'neither a key nor the password was accepted: another user, a key that is not in authorized_keys, or a login of root with a password, which sshd forbids by default',
      fixes: [
        'ssh -v shows which keys are offered; -i KEY; ssh-copy-id USER@HOST',
        'in the guest: chmod 700 ~/.ssh, chmod 600 ~/.ssh/authorized_keys, the home not writable by others; journalctl -u ssh says why',
      ],
      confidence: 'likely',
      sources: ['sshd(8)'],
    }),
  },
  {
    rule: 'ssh: name is not known',
    needle: 'Could not resolve hostname',
    pattern: /ssh: Could not resolve hostname (\S+): (.*)/,
    answer: (match) => ({
      what: `no address for ${match[1]}`,
      cause:
        'the name is neither in /etc/hosts, in ~/.ssh/config, nor known to the name server; or there is no name server',
      fixes: ['getent hosts NAME; a Host entry in ~/.ssh/config; use the address'],
      sources: ['resolv.conf(5)'],
    }),
  },
]
