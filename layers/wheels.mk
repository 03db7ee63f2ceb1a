# How a layer of wheels is made; the Makefiles beside it include this. `sam build` runs it whatever the builder's OS and Python are:
# wheels are fetched for the machine that runs the functions, from the lock beside the layer's Makefile, with their hashes checked.
#
#   TIDEGATE_BUILD_PYTHON    the functions' Python: 3.13
#   TIDEGATE_BUILD_PLATFORM  the functions' machine in uv's words: x86_64-manylinux_2_28, or aarch64-manylinux_2_28 with
#                            Architecture=arm64; `native` builds for this machine, which is what the local AWS runs (its Python: 3.11)
#   UV                       the uv to use; without it, the one on the PATH

TIDEGATE_BUILD_PYTHON ?= 3.13
TIDEGATE_BUILD_PLATFORM ?= x86_64-manylinux_2_28
UV ?= uv
locks ?= requirements.txt
unused_folders ?= tests include

ifeq ($(TIDEGATE_BUILD_PLATFORM),native)
machine := --python "$(TIDEGATE_BUILD_PYTHON)"
else
machine := --python-version "$(TIDEGATE_BUILD_PYTHON)" --python-platform "$(TIDEGATE_BUILD_PLATFORM)"
endif

# The system's certificates are trusted because a company's proxy may sign TLS; the builder's own uv and pip settings are left out.
define install_wheels
@command -v "$(UV)" >/dev/null || { echo "uv is missing: run 'make setup', or set UV to its path" >&2; exit 1; }
UV_SYSTEM_CERTS=1 UV_PYTHON_DOWNLOADS=never "$(UV)" pip install --quiet --target "$(ARTIFACTS_DIR)/python" $(machine) \
	--only-binary :all: --require-hashes --no-deps --link-mode copy $(addprefix --requirement ,$(locks))
rm -rf "$(ARTIFACTS_DIR)/python/bin" "$(ARTIFACTS_DIR)/python/.lock"
find "$(ARTIFACTS_DIR)/python" \( -name __pycache__ $(foreach folder,$(unused_folders),-o -name $(folder)) \) -type d -prune -exec rm -rf {} +
find "$(ARTIFACTS_DIR)/python" -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' -o -name '*.h' \) -delete
endef

# What is 50 MB of the wheels and never imported here: Arrow's Flight and C++ tests, the second and third copy of a library that wheels
# cannot link (the name ending in the ABI number is the one that is loaded), zstandard's fallback, Hive's client, type stubs.
# libarrow_substrait stays: every Arrow module is linked to it.
unused := pyarrow/libarrow_flight.so.* pyarrow/libarrow_python_flight.so* pyarrow/_flight.*.so pyarrow/flight.py \
	pyarrow/_pyarrow_cpp_tests.*.so pyarrow/libarrow_python.so pyarrow/libarrow_python.so.*.*.* \
	pyarrow/libarrow_python_parquet_encryption.so pyarrow/libarrow_python_parquet_encryption.so.*.*.* pyarrow/src pyarrow/includes \
	zstandard/_cffi.*.so zstandard/backend_cffi.py hive_metastore fb303 adbc_driver_duckdb _duckdb-stubs

define drop_unused
cd "$(ARTIFACTS_DIR)/python" && rm -rf $(unused)
endef
