# The commands. Each is a script below .ci; CARGO_TARGET_DIR defaults to ~/.cache/weir/target.
# Arguments go in ARGS: make run ARGS="--web.listen-address 127.0.0.1:9091"
.PHONY: run build test bench fmt lint console

# Gets what is missing, builds, starts `weir run`.
run:
	@.ci/start $(ARGS)

# The release binary with the console in it, at target/release/weir.
build:
	@.ci/build

# Gets what the tests need and runs all of them; the last line is the result.
test:
	@.ci/test

# The benchmarks: lists them, or runs the ones named in ARGS.
bench:
	@.ci/bench $(ARGS)

fmt:
	@cargo fmt --all

# rustfmt, clippy and the console's types, without running anything.
lint:
	@.ci/lint

# The web console alone, into web/console/dist.
console:
	@.ci/console
