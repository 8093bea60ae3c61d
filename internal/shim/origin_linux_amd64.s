#include "textflag.h"

// Both are called by the kernel as void handler(int, siginfo_t *, void *) of C:
// DI is the signal, SI points to siginfo (si_code at 8, si_pid at 16). They
// change no register that Go's handler, or a return from a signal, relies on.

TEXT tap<>(SB), NOSPLIT|NOFRAME, $0
	CMPL 8(SI), $0
	JGT  next               // si_code > 0: the kernel itself
	CMPL DI, $64
	JHI  next
	MOVL 16(SI), R11
	INCL R11
	LEAQ ·senders(SB), R10
	MOVL DI, AX
	MOVL R11, (R10)(AX*4)
next:
	MOVQ ·tapNext(SB), R11
	JMP  R11

TEXT relay<>(SB), NOSPLIT|NOFRAME, $0
	MOVL DI, R8
	LEAQ ·early(SB), R9
	LEAQ (R9)(R8*4), R9
	LOCK
	INCL (R9)
	MOVL ·relayTo(SB), DI
	CMPL DI, $0
	JLE  done
	XORL R10, R10
	XCHGL R10, (R9)
send:
	CMPL R10, $0
	JLE  done
	MOVL R8, SI
	MOVL $62, AX            // kill(relayTo, signal)
	SYSCALL
	DECL R10
	JMP  send
done:
	RET

GLOBL ·tapHandler(SB), RODATA, $8
DATA  ·tapHandler(SB)/8, $tap<>(SB)
GLOBL ·relayHandler(SB), RODATA, $8
DATA  ·relayHandler(SB)/8, $relay<>(SB)
