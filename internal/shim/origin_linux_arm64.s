#include "textflag.h"

// Both are called by the kernel as void handler(int, siginfo_t *, void *) of C:
// R0 is the signal, R1 points to siginfo (si_code at 8, si_pid at 16). They
// change no register that Go's handler, or a return from a signal, relies on.

TEXT tap<>(SB), NOSPLIT|NOFRAME, $0
	MOVW 8(R1), R9
	CMPW $0, R9
	BGT  next               // si_code > 0: the kernel itself
	CMPW $64, R0
	BHI  next
	MOVW 16(R1), R9
	ADDW $1, R9
	MOVD $·senders(SB), R10
	MOVWU R0, R11
	LSL  $2, R11
	ADD  R11, R10
	MOVW R9, (R10)
next:
	MOVD $·tapNext(SB), R11
	MOVD (R11), R11
	JMP  (R11)

TEXT relay<>(SB), NOSPLIT|NOFRAME, $0
	MOVWU R0, R2
	MOVD  $·early(SB), R9
	ADD   R2<<2, R9
count:
	LDAXRW (R9), R10
	ADDW   $1, R10
	STLXRW R10, (R9), R11
	CBNZW  R11, count
	DMB    $11              // ISH: counted before relayTo is read
	MOVD   $·relayTo(SB), R12
	MOVW   (R12), R12
	CMPW   $0, R12
	BLE    done
take:
	LDAXRW (R9), R13
	STLXRW ZR, (R9), R11
	CBNZW  R11, take
send:
	CBZW   R13, done
	MOVW   R12, R0
	MOVW   R2, R1
	MOVD   $129, R8         // kill(relayTo, signal)
	SVC
	SUBW   $1, R13
	JMP    send
done:
	RET

GLOBL ·tapHandler(SB), RODATA, $8
DATA  ·tapHandler(SB)/8, $tap<>(SB)
GLOBL ·relayHandler(SB), RODATA, $8
DATA  ·relayHandler(SB)/8, $relay<>(SB)
