package history

// The parsers, for fuzzing without a disk.
var (
	DecodeSeries  = decodeSeries
	DecodeEpochs  = decodeEpochs
	DecodeBlocks  = decodeBlocks
	DecodeSpans   = decodeSpans
	ScanIndexLine = scanIndexLine
	Listed        = Record.listed
)

type IndexLine = indexLine
