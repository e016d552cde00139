# make demo    the main job on real data, from nothing
# make test    all tests
# make help    the rest
SHELL := /bin/bash
.DEFAULT_GOAL := help

# Debian packages. Building needs the first list, the demo's data the second, the tests all three.
BUILD_PACKAGES := libnetcdf-dev libhdf5-dev libopenblas-dev libdeflate-dev libudunits2-dev pkg-config
DATA_PACKAGES  := libncarg-data ferret-datasets
TEST_PACKAGES  := cdo nco netcdf-bin hdf5-tools gdal-bin strace python3-venv

ISOTACH := .build/release/isotach

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## install what is missing, build, train a network, downscale temperature, print the scores
	@.ci/packages $(BUILD_PACKAGES) $(DATA_PACKAGES)
	@$(MAKE) --no-print-directory release
	@.ci/demo

.PHONY: test
test: ## install what is missing, build, run all tests
	@.ci/packages $(BUILD_PACKAGES) $(DATA_PACKAGES) $(TEST_PACKAGES)
	@Tests/peers/venv.sh
	@$(MAKE) --no-print-directory release
	swift build --build-tests
	swift test --skip-build --skip '^FaultTests\.'
	swift test --skip-build --filter '^FaultTests\.' --no-parallel
	Tests/acceptance/run

.PHONY: release
release: ## the program isotach, optimised: .build/release/isotach
	swift build -c release --static-swift-stdlib --product isotach

.PHONY: acceptance
acceptance: release ## only the tests that run the program from outside
	@Tests/peers/venv.sh
	Tests/acceptance/run

.PHONY: bench
bench: ## speed beside netCDF4-python, xarray and CDO, as one table (minutes)
	@.ci/packages $(BUILD_PACKAGES) $(DATA_PACKAGES) cdo
	@Tests/peers/venv.sh
	@$(MAKE) --no-print-directory release
	swift build -c release --static-swift-stdlib --product bench
	Tests/peers/bench.py

.PHONY: format
format: ## format all Swift sources in place
	swift format -i -r -p Package.swift Plugins Sources Tests

.PHONY: format-check
format-check: ## fail when a source is not formatted
	swift format lint --strict -r -p Package.swift Plugins Sources Tests

.PHONY: clean
clean: ## remove what building and running made
	rm -rf .build .venv pipelines/out
