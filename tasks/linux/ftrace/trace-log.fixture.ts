/**
 * The trace lines of the activity log that the project began with, as they stand there: trace_pipe of 4.15 and 5.4,
 * some with the leading blanks cut off. 60 lines.
 */
export const LOG = {
  /** 5.4: the whole path of one read. */
  '8/2': `\
readiter-2425  [000] ....  5644.654606: 0: ext4 file read
readiter-2425  [000] .N..  5644.654636: 0: generic file read
readiter-2425  [000] ....  5644.654744: 0: copy_page_to_iter
readiter-2425  [000] .N..  5644.654758: 0: copy_page_to_iter_iovec
readiter-2425  [000] d...  5644.654793: 0: entering copyout
readiter-2425  [000] d...  5644.654805: 0: copyout to 0x00000000b0417f58 from 0x000000005f6ccaf9 len 16`.split('\n'),
  /** 5.4: six reads by six processes; the first began before the capture. */
  '7/2': `\
        readiter-18721 [000] .... 18373.674726: 0: entering copyout
        readiter-18721 [000] .... 18373.674728: 0: copyout to 0x00000000184b7294 from 0x000000001461c6d7 len 16
        readiter-18724 [003] .... 18387.905358: 0: copy_page_to_iter
        readiter-18724 [003] d... 18387.905385: 0: entering copyout
        readiter-18724 [003] d... 18387.905388: 0: copyout to 0x00000000e68cad05 from 0x000000001461c6d7 len 16
           <...>-18727 [000] d... 18389.551760: 0: copy_page_to_iter
           <...>-18727 [000] d... 18389.551787: 0: entering copyout
           <...>-18727 [000] d... 18389.551789: 0: copyout to 0x000000001e0fe4fd from 0x000000001461c6d7 len 16
        readiter-18729 [003] d... 18390.777455: 0: copy_page_to_iter
        readiter-18729 [003] d... 18390.777579: 0: entering copyout
        readiter-18729 [003] d... 18390.777581: 0: copyout to 0x0000000092e06c4a from 0x000000001461c6d7 len 16
           <...>-18796 [000] .... 18581.927487: 0: copy_page_to_iter
           <...>-18796 [000] d... 18581.927497: 0: entering copyout
           <...>-18796 [000] d... 18581.927499: 0: copyout to 0x000000009f4b80bd from 0x000000001461c6d7 len 16
           <...>-18798 [000] .... 18582.947198: 0: copy_page_to_iter
           <...>-18798 [000] d... 18582.947212: 0: entering copyout
           <...>-18798 [000] d... 18582.947214: 0: copyout to 0x000000005afc398c from 0x000000001461c6d7 len 16`.split(
    '\n',
  ),
  /** 4.15. */
  '22/1': `\
        readiter-4338  [001] ....  8840.649057: 0x00000001: copy_page_to_iter
        readiter-4338  [001] .N..  8840.649089: 0x00000001: copy_page_to_iter_iovec
        readiter-4338  [001] d...  8840.649196: 0x00000001: entering copyout
        readiter-4338  [001] d...  8840.649206: 0x00000001: copyout to 0x00000000716fa52a from 0x00000000d352ce1e`.split(
    '\n',
  ),
  /** 4.15. */
  '18/1': `\
        readiter-4731  [001] d... 18410.507377: 0x00000001: copy_page_to_iter
        readiter-4731  [001] d... 18410.507389: 0x00000001: copy_page_to_iter_iovec
        readiter-4731  [001] d... 18410.507391: 0x00000001: copyout`.split('\n'),
  /** 4.15. */
  '17/1': `\
buffermap-4261  [002] .... 33911.045475: 0x00000001: pid on map 4261
buffermap-4261  [002] .... 33911.045476: 0x00000001: tgid 4261
buffermap-4261  [002] .... 33911.045479: 0x00000001: buffer on params 94605633736128, buffer on map 94605633736128
buffermap-4261  [002] .... 33911.045481: 0x00000001: matching targeted buffer with param buffer on read entry
buffermap-4261  [002] .... 33911.045488: 0x00000001: pid on map 4261
buffermap-4261  [002] .... 33911.045489: 0x00000001: tgid 4261
buffermap-4261  [002] .... 33911.045491: 0x00000001: read buffer from map on read exit 94605633736128`.split('\n'),
  /** 4.15. */
  '16/1': `\
buffermap-5963  [001] .... 19121.687272: 0x00000001: buffer on params 219e54b0, buffer on map 219e54b0
buffermap-5963  [001] .... 19121.687274: 0x00000001: matching targeted buffer with param buffer on read entry
buffermap-5963  [001] .... 19121.687282: 0x00000001: read buffer from map 392ffa90`.split('\n'),
  /** 4.15. */
  '16/1, %lu': `\
buffermap-8921  [001] .... 29777.210644: 0x00000001: buffer on params 93941785740880, buffer on map 93941785740880
buffermap-8921  [001] .... 29777.210646: 0x00000001: matching targeted buffer with param buffer on read entry
buffermap-8921  [001] .... 29777.210659: 0x00000001: read buffer from map on read exit 93941785740880`.split('\n'),
  /** 4.15. */
  '15/1': `\
       buffermap-3142  [002] .... 24707.068272: 0x00000001: buffer on params 000000003b586c71, buffer on map 0000000069c09fff
       buffermap-3142  [002] .N.. 24707.068280: 0x00000001: buffer value mismatch on read entry
       buffermap-3142  [000] .... 24707.069222: 0x00000001: buffer on params 000000001991f4a0, buffer on map 0000000069c09fff
       buffermap-3142  [000] .... 24707.069236: 0x00000001: buffer value mismatch on read entry
       buffermap-3142  [000] .... 24707.069238: 0x00000001: read buffer from map 0000000069c09fff`.split('\n'),
  /** 4.15. */
  '14/1': `\
cat-2176  [002] ....  5934.275479: 0x00000001: read buffer from map 000000005278ca75
cat-2176  [002] ....  5934.275484: 0x00000001: read buffer from map 000000005278ca75
cat-2176  [002] ....  5934.275491: 0x00000001: read buffer from map 000000005278ca75`.split('\n'),
  /** 4.15: four processes call read(). */
  '13/1': `\
readbuff-2061  [000] ....  4076.401405: 0x00000001: fd on params 10
sshd-2029  [003] ....  4076.401434: 0x00000001: fd on params 11
sshd-2029  [003] ....  4076.401657: 0x00000001: fd on params 11
readbuff-2061  [000] ....  4076.401696: 0x00000001: fd on params 3
readbuff-2061  [000] ....  4076.401697: 0x00000001: matching targeted file descriptor and pid on read entry
sshd-1870  [003] ....  4076.401712: 0x00000001: fd on params 11
cat-2059  [003] ....  4076.401766: 0x00000001: fd on params 3`.split('\n'),
  /** 4.15. */
  '12/1': `\
cat-2033  [001] ....  5027.061718: 0x00000001: pid on map 2153
cat-2033  [001] ....  5027.061718: 0x00000001: pid on map 0`.split('\n'),
} as const satisfies Readonly<Record<string, readonly string[]>>
