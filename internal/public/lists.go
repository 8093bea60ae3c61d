package public

import _ "embed"

//go:generate go run ./gen
//go:generate python3 gen/python.py

// The lists, as they stand in the binary: nothing is unpacked before it is asked
// for, and then of two of them, a block for the length of a lookup.
// The first group is generated, see gen; the others are kept by hand, sorted by
// bytes, one name a line.
var (
	//go:embed lists/go_packages.txt
	goPackages string
	//go:embed lists/go_symbols.front
	goSymbols string
	//go:embed lists/go_error_types.txt
	goErrorTypes string
	//go:embed lists/python_modules.txt
	pythonModules string
	//go:embed lists/python_exceptions.txt
	pythonExceptions string

	// From the modules' own releases; see gen/modules.go.
	//go:embed lists/go_modules.txt
	goModules string
	//go:embed lists/go_library_packages.front
	goLibraryPackages string
	//go:embed lists/go_library_symbols.packed
	goLibrarySymbols string

	// From the packages' own releases; see gen/libraries.py.
	//go:embed lists/python_functions.packed
	pythonFunctions string
	//go:embed lists/library_modules.front
	libraryModules string
	//go:embed lists/library_files.sha256
	libraryFiles string

	//go:embed lists/package_exceptions.txt
	packageExceptions string
	//go:embed lists/packages.txt
	packages string
	//go:embed lists/native_exceptions.txt
	nativeExceptions string
	//go:embed lists/import_names.txt
	importNames string // "import name\tpackage"
	//go:embed lists/gpu_models.txt
	gpuModels string
	//go:embed lists/distros.txt
	distros string
	//go:embed lists/models.txt
	models string
	//go:embed lists/optimizers.txt
	optimizers string
)
