package public

// NativeException finds what a library that is not written in Python or Go says
// it failed of: an exception of C++ ("c10::Error", "std::bad_alloc"), or an error
// code of CUDA's runtime ("cudaErrorIllegalAddress"), by the name in its headers.
func NativeException(s string) (Name, bool) { return find(nativeExceptions, s) }
