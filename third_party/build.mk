# SPDX-License-Identifier: BSD-2-Clause
# Third-party sources: each has a recipe third_party/NAME.mk that pins a Debian
# source package, or names an npm package that third_party/npm/package-lock.json
# pins. Nothing of them is kept in this repository.

DOWNLOAD := third_party/download

# $(call debian_source,NAME,SHA256): $(DOWNLOAD)/NAME.stamp stands for the
# unpacked upstream tarball of source package NAME in $(DOWNLOAD)/NAME.
define debian_source_rules
$(DOWNLOAD)/$(1).stamp: third_party/$(1).mk third_party/fetch_debian_source.sh
	@echo "  GET $(1)"
	@third_party/fetch_debian_source.sh $(1) $(2) $(DOWNLOAD)/$(1)
	@touch $$@
endef
debian_source = $(eval $(call debian_source_rules,$(strip $(1)),$(strip $(2))))

# $(call npm_package,PACKAGE): $(NPM)/PACKAGE.stamp stands for npm's PACKAGE unpacked
# in $(NPM)/PACKAGE. Nothing of it is run by that.
NPM := $(DOWNLOAD)/npm/node_modules
define npm_package_rules
$(NPM)/$(1).stamp: third_party/npm/package-lock.json third_party/fetch_npm.py
	@echo "  GET $(1)"
	@third_party/fetch_npm.py $(1) $(NPM)/$(1)
	@touch $$@
endef
npm_package = $(eval $(call npm_package_rules,$(strip $(1))))

include $(filter-out third_party/build.mk,$(wildcard third_party/*.mk))
