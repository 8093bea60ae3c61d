// Package compare says whether two runs differ, and by how much.
//
// The times of successive steps resemble each other: a slow disk, a warm device
// or a noisy neighbour slows many steps in a row. A test that takes the steps
// for independent (Mann-Whitney, Kolmogorov-Smirnov, a t-test) then finds
// differences between any two runs. So no step counts by itself here, but only
// how blocks of many successive steps scatter: the method of batch means
// (Conway 1963; Law & Kelton, Simulation Modeling and Analysis, ch. 9), with the
// blocks made longer until neighbours are no longer alike (Fishman & Yarberry,
// An Implementation of the Batch Means Method, INFORMS J. Computing 9, 1997).
//
// For a quantile q the share of steps below it is taken of every batch. How these
// shares scatter gives an interval for the share below q in the long run, on the
// scale of log odds and with Student's t for so many batches; the quantiles at
// its two ends are an interval for q (Woodruff, Confidence Intervals for Medians
// and Other Position Measures, JASA 47, 1952). Where no batches are long enough
// to be unlike their neighbours, or where only a few have any step beyond q, the
// run is too short to tell, and that is the answer. Two such intervals, skewed as tails make them, become one for the
// ratio by recovering the variances from their ends (Zou & Donner, Construction
// of confidence limits about effect measures, Statistics in Medicine 27, 2008).
//
// It needs no random numbers, so a gate says the same of the same two files
// every time, and nothing but the blocks that the history keeps, however long
// the runs were.
package compare
