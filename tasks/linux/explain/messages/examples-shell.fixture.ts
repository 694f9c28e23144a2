import type { Example } from './example.fixture.ts'

export const SHELL: readonly Example[] = [
  [
    "# echo 'p:x f' > /sys/kernel/debug/tracing/kprobe_events\n-bash: echo: write error: Invalid argument",
    'write to tracefs refused',
    /error_log/,
  ],
  [
    '$ sudo echo function > /sys/kernel/tracing/current_tracer\nbash: /sys/kernel/tracing/current_tracer: Permission denied',
    'write to tracefs refused',
    /sudo tee/,
  ],
  [
    '# echo nosuch > current_tracer\nsh: write error: Invalid argument',
    'write to tracefs refused',
    /available_tracers/,
  ],
  [
    "OSError: [Errno 22] Invalid argument: '/sys/kernel/tracing/kprobe_events'",
    'write to tracefs refused',
    /error_log/,
  ],
  ['cat: /sys/kernel/tracing/trace: Permission denied', 'tracefs cannot be read', /root/],
]
