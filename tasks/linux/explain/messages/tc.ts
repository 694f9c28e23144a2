/** Why the kernel refuses a tc command, in its own words (NL_SET_ERR_MSG of net/sched), as tc or libbpf print them. */
import { group, type Answer, type Row } from './row.ts'

const REASONS: readonly (readonly [text: RegExp, answer: Answer])[] = [
  [
    /Exclusivity flag on/,
    {
      cause: 'the clsact qdisc is there already; libbpf prints this and goes on',
      fixes: ['nothing to do: bpf_tc_hook_create() returns -EEXIST, which a loader ignores'],
      sources: ['net/sched/sch_api.c'],
    },
  ],
  [
    /qdisc (?:not found|on specified device)|Parent Qdisc|Failed to find (?:specified )?qdisc|Qdisc not (?:found|classful)/i,
    {
      cause:
        'programs of tc are filters of a qdisc, and the interface does not have it (or it is of a kind that has no filters)',
      fixes: [
        'tc qdisc add dev IF clsact (replace where another one is there), then tc filter add dev IF ingress bpf da obj FILE sec NAME',
        'libbpf: bpf_tc_hook_create() before bpf_tc_attach(); from 6.6 on tcx (bpf_program__attach_tcx) needs no qdisc',
      ],
      sources: ['net/sched/cls_api.c', 'net/sched/sch_api.c'],
    },
  ],
  [
    /Filter with specified|filter handle not found|filter chain|action with specified index|block of given index/i,
    {
      cause:
        'the filter that is to be removed or read is not there: it was never attached at this place, or something removed it before',
      fixes: [
        'nothing, when a loader cleans up before it attaches: it ignores this answer',
        'tc filter show dev IF ingress (and egress) lists what is there, with handle and priority',
      ],
      confidence: 'likely',
      sources: ['net/sched/cls_api.c: tc_del_tfilter'],
    },
  ],
  [
    /Filter already exists|does not match existing one|chain already exists/i,
    {
      cause: 'a filter with this handle and priority is there already, of this or another kind',
      fixes: ['tc filter replace ... handle 1 prio 1 bpf ..., BPF_TC_F_REPLACE in libbpf; or another priority'],
      sources: ['net/sched/cls_api.c: tc_new_tfilter'],
    },
  ],
  [
    /classifier not found|kind (?:not found|is unknown)|actions are not supported per compile|Failed to load TC action module/i,
    {
      cause: 'this kernel has no such qdisc, filter or action: its option is off, or its module is not installed',
      fixes: ['CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF and CONFIG_NET_CLS_ACT; modprobe sch_ingress cls_bpf'],
      sources: ['net/sched/cls_api.c'],
    },
  ],
]

export const TC_ROWS: readonly Row[] = [
  {
    rule: 'tc: the kernel refuses it',
    needle: ['Kernel error message: ', 'Error: '],
    pattern: /(?:Kernel error message|^\s*Error): (.+)/,
    answer: (match) => {
      const text = group(match, 1)
      const [, answer] = REASONS.find(([pattern]) => pattern.test(text)) ?? []
      return answer && { ...answer, what: text }
    },
  },
]
