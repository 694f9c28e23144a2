/** `lab --help` teaches by example. */
export const HELP = `
The two commands:
  lab up                        build what is missing and boot the VM
  lab run readiter              run an experiment; results land in results/readiter/

A first look:
  lab check                     is lab.yaml right? (all problems at once)
  lab check --probes            can each hook of each probe be attached, on every kernel? before any boot
  lab plan readiter             what would be built, restored and booted, and why
  lab run readiter --repeat 20  more repeats; --kernel v5.10 for another kernel, --param bytes=64 for another size
  lab run --all                 every experiment, one VM, a table of verdicts
  lab results                   every run with its verdict
  lab trace <run>               the events of a run
  lab import FILE               make a run from a trace recorded elsewhere
  lab query 'FROM runs'         SQL over all results

Inside the guest:
  lab exec -- uname -r          one command
  lab ssh                       a shell
  lab cp notes.txt :/tmp/       copy to the guest (":" marks the guest's side)
  lab console                   the serial console

Kernels:
  lab build kernel v5.4 --source ../linux   your own tree
  lab build kernel v5.4 --show-patch        what parallelPath does to the source
  lab symbols v5.10 copyout 'vfs_*'         can it be probed, and if not, why? --booted asks the running kernel

When something is odd:
  lab explain dmesg.txt         what a log means (a file, - or a run): verifier, notrace, kallsyms, strace, builds
  lab doctor                    host, tools, KVM, mirrors; --fix repairs
  lab ps                        running VMs and their owners
  lab gc                        remove leftovers that no command owns

lab help COMMAND shows its options and examples.
Exit codes: 0 done, 1 the experiment failed its expectations, 2 your input is wrong, 69 the lab could not do it, 70 a bug, 130 interrupted.
`
