/** Functions of the program: calls between them, global ones, callbacks, tail calls. */
import type { Kind } from './kind.ts'

export const FUNCTIONS: readonly Kind[] = [
  {
    id: 'subprogram-call',
    formats: `
call to invalid destination
too many subprograms
recursive call from %s() to %s()
function calls are not allowed while holding a lock
function calls to other bpf functions are allowed for root only
function calls to other bpf functions are allowed for CAP_BPF and CAP_SYS_ADMIN
loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN
caller passes invalid args into func#%d
function name %s%s is too long
func#%d writes %u stack arg slots, but calls only require %u
stack arg write offset %d exceeds max %d stack args
r11 load must be before any r11 store or call insn
stack args are not supported in non-JITed programs
JIT does not support function %s() with %d args`,
    cause:
      'the call of another function of the program cannot be made: calls between BPF functions exist since 4.16, there are at most 256 functions, none may call itself, and loaders without CAP_BPF may not use them',
    fixes: [
      'make the function `static __always_inline`; then there is no call',
      'turn recursion into a bounded loop, or into a tail call of the program to itself (33 at most)',
      'load with CAP_BPF (before 5.8: as root)',
    ],
    confidence: 'likely',
    sources: ['kernel/bpf/verifier.c: add_subprog, check_func_call', 'commit cc8b0b92a169 (4.16)'],
  },
  {
    id: 'global-function',
    formats: `
Caller passes invalid args into func#%d
Caller passes invalid args into func#%d ('%s')
Arg#%d type %s in %s() is not supported yet.
Global function %s() doesn't return scalar. Only those are supported.
Global function %s() return value not void or scalar. Only those are supported.
Global function %s() with %d > %d args. Buggy compiler.
Global function %s() with %d > 5 args. Buggy compiler.
Global functions need valid BTF
Invalid type of function %s()
Invalid BTF of func %s
Function %s has %d > %d args
Function %s has %d > 5 args
global function %s has %d > %d args, stack args not supported
global function calls are not allowed while holding a lock,
use static function instead
global function calls are not allowed with preemption disabled,
sleepable global function %s() called in %s
BTF of func#%d doesn't point to KIND_FUNC
BTF of func_id %u doesn't point to KIND_FUNC
arg#%d reference type('%s %s') size cannot be determined: %ld
arg#%d reference type('%s %s') candidate matching error: %d
arg#%d reference type('%s %s') points to kernel module type (unsupported)
arg#%d reference type('%s %s') %s
%s reference type('%s %s') size cannot be determined: %ld
arg#%d has invalid combination of tags
arg#%d has pointer tag, but is not a pointer type
arg#%d has unsupported set of tags
arg#%d arena cannot be combined with any other tags
arg#%d untrusted cannot be combined with any other tags
arg#%d type tag fetching failure: %d
arg#%d type tag is not supported in static functions
arg#%d type doesn't have a name
arg#%d type isn't a pointer
arg#%d should be \`struct %s *\`
arg#%d should be void pointer
arg#%d struct doesn't have a name
arg#%d has type %s '%s', but only struct or primitive types are allowed
arg#%d expects pointer to ctx
%s expects pointer to ctx
arg#%d expected pointer to ctx, but got %s
%s expected pointer to ctx, but got %s
Unrecognized arg#%d type %s
Unrecognized %s type %s
R%d is not a pointer to arena or scalar.
%s is not a pointer to arena or scalar.
%s is a packet pointer, but func#%d may change packet data
At subprogram exit the register R0 is not a scalar value (%s)
At subprogram exit the register R%d is not a scalar value (%s)
type '%s' has multiple type tags
function signature member has multiple type tags
at most %d arguments are supported`,
    cause:
      'a function that is not static is verified by itself, from its prototype: its arguments may be numbers, the context, or pointers to types of a known size (which may be NULL), and it returns a number',
    fixes: [
      'make the function `static`: then it is verified together with each of its callers, and may take any pointer',
      'check each pointer argument for NULL, and return int; tags as __arg_ctx and __arg_nonnull (6.8 and later) say more about an argument',
    ],
    sources: ['kernel/bpf/btf.c: btf_prepare_func_args', 'commit 51c39bb1d5d1 (5.6)'],
  },
  {
    id: 'tail-call',
    formats: `
tail_calls are not allowed in programs with bpf-to-bpf calls
tail_calls are not allowed in non-JITed programs with bpf-to-bpf calls
tail_calls are not allowed in programs with stack args
mixing of tail_calls and bpf-to-bpf calls is not supported
tail_call is only allowed in functions that return 'int'.
tail_call is not allowed in subprogs without BTF
tail_call abusing map_ptr
tail_call would lead to reference leak
program with __ref argument cannot tail call
expected prog array map for tail call
adding tail call poke descriptor failed
tracking tail call prog failed
cannot tail call within callback
cannot tail call within exception cb`,
    cause:
      'this tail call is not allowed: before 5.10 (x86-64; other architectures later) a program has either tail calls or calls between BPF functions; the map is a known BPF_MAP_TYPE_PROG_ARRAY; and no lock or reference is held',
    fixes: [
      'make the other functions __always_inline, so that no BPF-to-BPF call is left',
      'release references and locks before bpf_tail_call, and call it from a function that returns int',
    ],
    sources: ['kernel/bpf/verifier.c: check_helper_call', 'commit e411901c0b77 (5.10)'],
  },
  {
    id: 'callback',
    formats: `
callback function cannot be the main program
callback function not allowed for map
callback function not static
callbacks are not allowed in non-JITed programs
kfunc %s#%d failed callback verification
frame%d bpf_loop iteration limit reached
%s expected pointer to func
arg%d expected pointer to func
At callback return the register R0 has%s
In async callback the register R0 is not a known value (%s)
At callback return the register R0 is not a known value (%s)
The sequence of %d jumps is too complex for async cb.
cannot use BPF_LD_[ABS|IND] within callback`,
    cause: ({ message }) =>
      message.includes('R0')
        ? 'a callback returns a value that its caller does not take: those of bpf_loop and bpf_for_each_map_elem return 0 (go on) or 1 (stop), those of timers and work queues 0'
        : 'the function that is passed to the helper cannot be used as a callback: it has to be a `static` function of the program, and the kernel needs its JIT',
    fixes: [
      'declare it `static int callback(...)`, and return 0 or 1 as a constant',
      'sysctl net.core.bpf_jit_enable=1',
    ],
    sources: ['kernel/bpf/verifier.c: set_callee_state, prepare_func_exit'],
  },
]
