/*
 * USDT(provider, name, value): a probe point in a program, with one number of type long. It is one nop in the code and
 * a note in the file that says where the nop is and which register or address holds the number (the format of
 * SystemTap's notes, "stapsdt", type 3, which libbpf, bpftrace and perf read). <sys/sdt.h> of systemtap-sdt-dev makes
 * the same notes, with up to twelve values.
 */
#ifndef LAB_USDT_H
#define LAB_USDT_H

#define USDT(provider, name, value)                                                            \
	__asm__ volatile("1: nop\n"                                                            \
			 ".pushsection .note.stapsdt, \"\", \"note\"\n"                        \
			 ".balign 4\n"                                                         \
			 ".4byte 3f - 2f, 5f - 4f, 3\n"                                        \
			 "2: .asciz \"stapsdt\"\n"                                             \
			 "3: .balign 4\n"                                                      \
			 "4: .8byte 1b, 0, 0\n"                                                \
			 ".asciz \"" #provider "\"\n"                                          \
			 ".asciz \"" #name "\"\n"                                              \
			 ".asciz \"-8@%0\"\n"                                                  \
			 "5: .balign 4\n"                                                      \
			 ".popsection\n"                                                       \
			 :                                                                     \
			 : "r"((long)(value)))

#endif
