package event

// Model returns the model property for what a program names as its model: a
// public model in the list's own spelling, else its public organisation alone,
// else the zero Attr.
//
// A name that is also a path is somebody's own files, whatever they are called:
// exists says whether there is such a path, seen from where the program looks.
// Without exists that cannot be ruled out, and nothing is said.
func Model(name string, exists func(path string) bool) Attr {
	if exists == nil || exists(name) {
		return Attr{}
	}
	return modelName.Of(name)
}
