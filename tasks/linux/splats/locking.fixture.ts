/** Locks in the wrong order or context, and CPUs and tasks that are stuck. */
import { TAIL, type Golden } from './golden.fixture.ts'

export const LOCKING: readonly Golden[] = [
  {
    name: 'lockdep: an order that can deadlock',
    text: `[    7.1] 
[    7.1] ======================================================
[    7.1] WARNING: possible circular locking dependency detected
[    7.1] 5.10.223 #1 Not tainted
[    7.1] ------------------------------------------------------
[    7.1] sh/71 is trying to acquire lock:
[    7.1] ffffffff82a5d0e0 (demo_a){+.+.}-{3:3}, at: demo_second+0x1d/0x50
[    7.1] 
[    7.1] but task is already holding lock:
[    7.1] ffffffff82a5d140 (demo_b){+.+.}-{3:3}, at: demo_first+0x11/0x50`,
    is: { kind: 'lockdep', function: 'demo_second', line: 3 },
  },
  {
    name: 'lockdep: a wrong context of 5.8',
    text: `[    7.1] =============================
[    7.1] [ BUG: Invalid wait context ]
[    7.1] 6.1.0 #1 Not tainted
[    7.1] -----------------------------
[    7.1] sh/71 is trying to lock:
[    7.1] ffffffff82a5d0e0 (demo_a){....}-{2:2}, at: demo_irq+0x1d/0x50`,
    is: { kind: 'lockdep', function: 'demo_irq', line: 2 },
  },
  {
    name: 'lockdep: an interrupt',
    text: `[    7.1] WARNING: inconsistent lock state
[    7.1] inconsistent {HARDIRQ-ON-W} -> {IN-HARDIRQ-W} usage.
[    7.1] sh/71 [HC1[1]:SC0[0]:HE0:SE1] takes:
[    7.1] ffffffff82a5d0e0 (demo_a){?.+.}-{2:2}, at: demo_tick+0x1d/0x50`,
    is: { kind: 'lockdep', function: 'demo_tick', line: 1 },
  },
  {
    name: 'suspicious RCU usage',
    text: `[    7.1] WARNING: suspicious RCU usage
[    7.1] 5.10.223 #1 Not tainted
[    7.1] kernel/demo.c:123 suspicious rcu_dereference_check() usage!
[    7.1] Call Trace:
[    7.1]  dump_stack+0x57/0x6a
[    7.1]  lockdep_rcu_suspicious+0xc5/0xf0
[    7.1]  demo_lookup+0x3a/0x60`,
    is: { kind: 'suspicious-rcu', function: 'demo_lookup', line: 1 },
  },
  {
    name: 'RCU stall',
    text: `[   30.1] rcu: INFO: rcu_sched self-detected stall on CPU
[   30.1] rcu: \t0-....: (5250 ticks this GP) idle=1ae/1/0x4000000000000002 softirq=2067/2067 fqs=2625
[   30.1] \t(t=5250 jiffies g=1041 q=6)
[   30.1] NMI backtrace for cpu 0
[   30.1] RIP: 0010:demo_spin+0x3/0x10
[   30.1] rcu: rcu_sched kthread starved for 5250 jiffies! g1041 f0x0 RCU_GP_WAIT_FQS(5)`,
    is: { kind: 'rcu-stall', function: 'demo_spin', line: 1 },
  },
  {
    name: 'RCU stall that another CPU saw, before 4.20',
    text: `[   30.1] INFO: rcu_preempt detected stalls on CPUs/tasks:
[   30.1] RIP: 0010:demo_spin+0x3/0x10`,
    is: { kind: 'rcu-stall', function: 'demo_spin', line: 1 },
  },
  {
    name: 'soft lockup',
    text: `[   48.1] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:71]
[   48.1] CPU: 0 PID: 71 Comm: sh Not tainted 5.10.223 #1
[   48.1] RIP: 0010:demo_spin+0x3/0x10`,
    is: { kind: 'soft-lockup', function: 'demo_spin', line: 1 },
  },
  {
    name: 'hard lockup',
    text: `[   48.1] NMI watchdog: Watchdog detected hard LOCKUP on cpu 0
[   48.1] RIP: 0010:demo_spin+0x3/0x10`,
    is: { kind: 'hard-lockup', function: 'demo_spin', line: 1 },
  },
  {
    name: 'workqueue lockup',
    text: `[   48.1] BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!`,
    is: { kind: 'workqueue-lockup', line: 1 },
  },
  {
    name: 'hung task',
    text: `[  245.1] INFO: task sh:71 blocked for more than 120 seconds.
[  245.1]       Not tainted 5.10.223 #1
[  245.1] "echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
[  245.1] task:sh              state:D stack:    0 pid:   71 ppid:     1 flags:0x00000004
[  245.1] Call Trace:
[  245.1]  __schedule+0x282/0x870
[  245.1]  schedule+0x46/0xb0
[  245.1]  percpu_rwsem_wait+0xa9/0x110
[  245.1]  __percpu_down_read+0x43/0x50
[  245.1]  demo_start_write+0x5a/0x60`,
    is: { kind: 'hung-task', function: 'demo_start_write', line: 1 },
  },
  {
    name: 'scheduling while atomic',
    text: `[    8.1] BUG: scheduling while atomic: sh/71/0x00000002
${TAIL}
[    8.1] Call Trace:
[    8.1]  dump_stack+0x57/0x6a
[    8.1]  __schedule_bug.cold+0x4c/0x5d
[    8.1]  __schedule+0x6a5/0x870
[    8.1]  schedule+0x46/0xb0
[    8.1]  schedule_timeout+0x94/0x150
[    8.1]  demo_wait+0x21/0x40`,
    is: { kind: 'scheduling-while-atomic', function: 'demo_wait', line: 1 },
  },
  {
    name: 'sleeping function in an atomic context',
    text: `[    8.1] BUG: sleeping function called from invalid context at mm/slab.h:497
[    8.1] in_atomic(): 1, irqs_disabled(): 0, non_block: 0, pid: 71, name: sh
[    8.1] Call Trace:
[    8.1]  dump_stack+0x57/0x6a
[    8.1]  ___might_sleep.cold+0xa6/0xb7
[    8.1]  demo_alloc+0x21/0x40`,
    is: { kind: 'sleeping-in-atomic', function: 'demo_alloc', line: 1 },
  },
  {
    name: 'per-CPU access in preemptible code',
    text: `[    8.1] BUG: using smp_processor_id() in preemptible [00000000] code: sh/71
[    8.1] caller is demo_count+0x11/0x20`,
    is: { kind: 'preemptible', function: 'demo_count', line: 1 },
  },
  {
    name: 'spinlock',
    text: `[    8.1] BUG: spinlock bad magic on CPU#0, sh/71
[    8.1]  lock: demo_lock+0x0/0x40, .magic: 00000000, .owner: <none>/-1, .owner_cpu: 0
[    8.1] Call Trace:
[    8.1]  dump_stack+0x57/0x6a
[    8.1]  do_raw_spin_lock+0x84/0xb0
[    8.1]  demo_enter+0x21/0x40`,
    is: { kind: 'spinlock', function: 'demo_enter', line: 1 },
  },
]
