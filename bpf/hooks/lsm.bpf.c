// A hook of the security modules, and fmod_ret on the function that calls them. Both see the answer, and could change
// it.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "lab.bpf.h"

SEC("lsm/socket_create")
int BPF_PROG(allowed, int family, int type, int protocol, int kern, int before)
{
	say("a socket of family %d", family);
	return before;
}

SEC("fmod_ret/security_file_open")
int BPF_PROG(opens, struct file *file, int before)
{
	say("a file is opened, so far %d", before);
	return before;
}

char LICENSE[] SEC("license") = "GPL";
