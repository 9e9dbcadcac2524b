package media

const (
	batchSize    = 64      // packets of one system call
	inSize       = 2048    // a longer datagram is no telephone audio
	outSize      = 256     // longer packets leave alone
	sharedBuffer = 4 << 20 // the default holds 256 packets: too little for hundreds of calls
	expedited    = 0xB8    // DSCP EF in the traffic class octet
)
