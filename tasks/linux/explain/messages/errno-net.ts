/** What an error number means where a program is attached to a network device. */
import type { Answer } from './row.ts'

type ByErrno = Readonly<Record<string, Answer>>

/** XDP programs on network devices. */
export const XDP: ByErrno = {
  EINVAL: {
    cause:
      'the driver (native mode) or this kernel does not take the XDP program: the MTU is too large for one page, LRO is on, the number of queues does not fit, the program asks for frags, or it is of another type',
    fixes: [
      'dmesg | tail: drivers write their reason there; ethtool -K IF lro off; ip link set IF mtu 1500',
      'generic mode works with every driver: ip link set dev IF xdpgeneric obj ..., XDP_FLAGS_SKB_MODE',
      'load it by hand with bpftool prog load: a program that the verifier refuses also ends in EINVAL',
    ],
  },
  ERANGE: {
    cause: 'the MTU (of this interface, or of the other end of the veth pair) is too large for native XDP',
    fixes: [
      'ip link set IF mtu 1500 (veth: at most about 3500 with pages of 4 KB); generic mode has no such limit: xdpgeneric, XDP_FLAGS_SKB_MODE',
    ],
    confidence: 'likely',
    sources: ['veth_xdp_set() of drivers/net/veth.c'],
  },
  EOPNOTSUPP: {
    cause:
      'the driver of this network card has no native XDP (or not this mode), or the kernel has no links and dispatchers for XDP',
    fixes: [
      'generic mode works with every driver: ip link set dev IF xdpgeneric obj ..., xdp-loader load -m skb',
      'a newer kernel: links for XDP need 5.9',
    ],
  },
  EBUSY: {
    cause: 'the interface has an XDP program already, of another loader or in another mode',
    fixes: ['bpftool net show; ip link set dev IF xdp off (and xdpgeneric off); xdp-loader unload IF --all'],
  },
  EEXIST: {
    cause: 'the interface has an XDP program already, and the loader asked not to replace one',
    fixes: [
      'bpftool net show; ip link set dev IF xdp off; or let the loader replace it (no XDP_FLAGS_UPDATE_IF_NOEXIST)',
    ],
  },
}

/** Programs of tc: filters of the qdisc clsact. */
export const TC: ByErrno = {
  ENOENT: {
    cause:
      'the interface has no clsact qdisc for the filter, or the kernel has no such qdisc or filter (CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF)',
    fixes: [
      'tc qdisc add dev IF clsact; modprobe sch_ingress cls_bpf; zgrep -E "NET_SCH_INGRESS|NET_CLS_BPF|NET_CLS_ACT" /proc/config.gz',
    ],
    confidence: 'likely',
    sources: ['net/sched/sch_api.c'],
  },
  EEXIST: {
    cause: 'the clsact qdisc, or a filter with this handle and priority, is there already',
    fixes: ['nothing, for the qdisc; tc filter replace, or another handle, for the filter'],
  },
  EINVAL: {
    cause:
      'the interface has no clsact qdisc for the filter ("Parent Qdisc doesn\'t exists"), or an ingress qdisc where clsact is wanted; or the parent of the filter is wrong, or the program is of another type than SCHED_CLS',
    fixes: [
      'tc qdisc add dev IF clsact (aya: tc::qdisc_add_clsact(IF) before attach); tc qdisc show dev IF',
      'tc qdisc del dev IF ingress, where that is in its place; SEC("tc") or SEC("classifier")',
    ],
  },
  EBUSY: {
    cause: 'another program holds this place (tcx), or another qdisc is the ingress of the interface',
    fixes: ['bpftool net show; tc qdisc show dev IF'],
  },
}
