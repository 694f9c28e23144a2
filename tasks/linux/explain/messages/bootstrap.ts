/** debootstrap, mmdebstrap, apt and dpkg: making the root file system of a guest. */
import type { PrintfKind } from './printf.ts'

export const BOOTSTRAP_KINDS: readonly PrintfKind[] = [
  {
    rule: 'bootstrap: a program of the new system does not run',
    formats: `
W: Failure trying to run: %s
chroot: failed to run command '%s': %e
chroot: failed to run command ‘%s’: %e
chroot: cannot run command \`%s': %e
E: run_chroot failed: %s
W: Failure while installing base packages.`,
    cause:
      'the new root file system is there, and its programs cannot be run in it (or one of them failed): it is of another architecture without qemu-user and binfmt, its target is mounted noexec or nodev, a step without root rights cannot mount, or /proc is missing. debootstrap.log has the last words of the program',
    fixes: [
      'tail TARGET/debootstrap/debootstrap.log; mount | grep TARGET (noexec, nodev, nosymfollow)',
      'another architecture: apt install qemu-user-static binfmt-support, or debootstrap --foreign and --second-stage in a VM',
      'without root: mmdebstrap --mode=unshare; root rights inside of a container need --privileged',
    ],
    errors: {
      ENOEXEC: {
        cause: 'the program is of another architecture, and no qemu-user is registered for it (binfmt_misc)',
        fixes: ['apt install qemu-user-static binfmt-support; ls /proc/sys/fs/binfmt_misc'],
      },
      EACCES: {
        cause: 'the program may not be executed: its file system is mounted noexec, or its mode has no x',
        fixes: ['mount | grep TARGET; ls -l TARGET/bin/sh'],
      },
      EPERM: {
        cause: 'chroot(2) is only for root (or in a user namespace of its own)',
        fixes: ['sudo, fakechroot, or mmdebstrap --mode=unshare'],
      },
      ENOENT: {
        cause: 'the program, or the loader that it names (/lib64/ld-linux...), is not in the new root',
        fixes: ['ls TARGET/bin/sh; file TARGET/bin/busybox; readelf -l PROGRAM | grep interpreter'],
      },
    },
    confidence: 'likely',
    sources: ['functions of debootstrap: in_target_failmsg'],
  },
  {
    rule: 'bootstrap: a package could not be set up',
    formats: `
W: Failure while configuring required packages.
W: Failure while unpacking required packages.
(possibly the package %s is at fault)
dpkg: error processing package %s (--%s):
dpkg: error processing archive %s (--%s):
dpkg: dependency problems prevent configuration of %s
E: Sub-process /usr/bin/dpkg returned an error code (%d)
E: Sub-process dpkg returned an error code (%d)
installed %s package post-installation script subprocess returned error exit status %d
new %s package pre-installation script subprocess returned error exit status %d`,
    cause:
      'a script of a package failed: the lines above it (in debootstrap.log for debootstrap) are its last words. In a chroot it often lacks /proc, /dev, a service manager, or disk space; with qemu-user a call that qemu does not know',
    fixes: [
      'read the lines above it; then chroot TARGET dpkg --configure -a, which repeats the step alone',
      'mount /proc, /sys and /dev in the chroot; df TARGET; --exclude the package when nothing needs it',
    ],
    confidence: 'likely',
    sources: ['dpkg(1)'],
  },
  {
    rule: 'bootstrap: a package or list cannot be fetched',
    formats: `
E: Failed getting release file %s
E: Invalid Release file, no entry for %s
E: Couldn't download packages: %s
E: Couldn't download %s
E: Couldn't find these debs: %s
E: Couldn't retrieve %s
E: Failed to fetch %s
Temporary failure resolving '%s'
E: Some index files failed to download.
W: Failed to fetch %s
Hash Sum mismatch
File has unexpected size (%s
Unable to connect to %s:%s:
Could not connect to %s (%s`,
    cause:
      'the mirror does not have the file, or cannot be reached: no network or name server (also inside of the chroot), a proxy, a release that moved to the archive (archive.debian.org, old-releases.ubuntu.com), or lists that are older than the mirror (404, Hash Sum mismatch)',
    fixes: [
      'curl -I URL; apt-get update again; http_proxy for a proxy; cat /etc/resolv.conf in the chroot',
      'for an old release: http://archive.debian.org/debian or http://old-releases.ubuntu.com/ubuntu; snapshot.debian.org for a fixed day',
    ],
    confidence: 'likely',
    sources: ['apt-get(8)'],
  },
  {
    rule: 'bootstrap: signature of the archive',
    formats: `
the public key is not available: NO_PUBKEY %s
E: Release signed by unknown key (key id %s
W: Cannot check Release signature; keyring file not available %s
The repository '%s' is not signed.
is not valid yet (invalid for another %s
is expired (invalid since %s
The following signatures were invalid: %s
E: Keyring file not available at %s`,
    cause:
      'apt cannot check the archive: the keyring of this distribution is not installed or older than its keys, the clock of this host is wrong, or a snapshot is older than its signature allows',
    fixes: [
      'apt install debian-archive-keyring (ubuntu-keyring); debootstrap --keyring=FILE, mmdebstrap --keyring=FILE',
      'date: set the clock; for snapshots: -o Acquire::Check-Valid-Until=false',
    ],
    confidence: 'likely',
    sources: ['apt-secure(8)'],
  },
  {
    rule: 'bootstrap: release or script',
    formats: `
E: No such script: %s
does not have a Release file.
has no installation candidate
E: Unmet dependencies.
The following packages have unmet dependencies:
but it is not installable
but it is not going to be installed
E: Unable to correct problems, you have held broken packages.`,
    cause:
      'the release or package is not known: debootstrap is older than the release, the component (universe, contrib) or release is not in sources.list, or the packages of several releases are mixed',
    fixes: [
      'ln -s sid /usr/share/debootstrap/scripts/NAME (Debian) or ln -s gutsy ... (Ubuntu); a newer debootstrap has it',
      'apt-cache policy PACKAGE; add the component; apt-get update; take all packages from one release',
    ],
    confidence: 'likely',
    sources: ['debootstrap(8)'],
  },
  {
    rule: 'bootstrap: device nodes and mounts',
    formats: `
mknod: %s: Operation not permitted
E: Cannot install into target '%s' mounted with noexec or nodev
E: Tried to extract package, but file already exists.
E: Tried to extract package, but tar failed.
mount: %s/proc: permission denied%s`,
    cause:
      'the target is on a file system that forbids programs or device nodes (noexec, nodev), in a container that may not make them, or holds what an earlier attempt left',
    fixes: [
      'another directory (not /tmp with nodev, not a shared folder of VirtualBox or Windows); mount -o remount,exec,dev; an empty target',
      'mmdebstrap --mode=unshare needs no device nodes; docker run --privileged for debootstrap in a container',
    ],
    sources: ['debootstrap(8)'],
  },
  {
    rule: 'user namespaces',
    formats: `
E: unable to pick chroot mode automatically
E: newuidmap failed: %d
E: invalid idmap
newuidmap: uid range [%s) not allowed
newgidmap: gid range [%s) not allowed
newuidmap: write to uid_map failed: %s
newgidmap: write to gid_map failed: %s
newuidmap: Could not open proc directory for target %d
unshare: write failed /proc/self/uid_map: %s
unshare: unshare failed: %s
unshare() failed: Operation not permitted
unshare: failed to execute newuidmap
bwrap: setting up uid map: Permission denied
bwrap: No permissions to create new namespace
bwrap: Creating new namespace failed: %s
cannot clone: Operation not permitted
failed to unshare namespaces: %s`,
    cause:
      'this user may not make user namespaces, or has no range of ids for them: the kernel or distribution forbids it (unprivileged_userns_clone, AppArmor of Ubuntu 23.10 and later, a container), or /etc/subuid has no line for the user, or uidmap is not installed',
    fixes: [
      'apt install uidmap; grep $USER /etc/subuid /etc/subgid; sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER',
      'sysctl kernel.unprivileged_userns_clone=1 (Debian), kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), user.max_user_namespaces not 0',
      'run it as root: mmdebstrap --mode=root; in a container: docker run --privileged',
    ],
    confidence: 'likely',
    sources: ['user_namespaces(7)', 'newuidmap(1)'],
  },
  {
    rule: 'apt downloads without its sandbox',
    formats: `
Download is performed unsandboxed as root as file '%s`,
    cause:
      'apt runs its downloads as the user _apt, who may not write to this directory: it does so as root instead. Nothing is wrong',
    fixes: ['nothing; a directory that everybody may enter (not below /root or a home with 700) silences it'],
    sources: ['apt.conf(5): APT::Sandbox::User'],
  },
  {
    rule: 'another apt is at work',
    formats: `
E: Could not get lock %s
E: Unable to acquire the dpkg frontend lock
E: Unable to lock directory %s
Waiting for cache lock: %s
dpkg was interrupted, you must manually run`,
    cause: 'another apt or dpkg runs (unattended-upgrades after boot), or one was ended in the middle',
    fixes: [
      'wait for it: fuser -v /var/lib/dpkg/lock-frontend; apt-get -o DPkg::Lock::Timeout=300',
      'dpkg --configure -a finishes what was interrupted',
    ],
    sources: ['apt-get(8)'],
  },
]
