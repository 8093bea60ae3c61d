package history

// DecodeSeries and DecodeEpochs are the parsers, for fuzzing without a disk.
var (
	DecodeSeries = decodeSeries
	DecodeEpochs = decodeEpochs
)
