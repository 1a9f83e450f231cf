"""Run llama.cpp's own HTTP server on a GGUF file until SIGTERM.

    python llama_server.py tiny.gguf

Prints `listening on http://127.0.0.1:PORT` once it answers.
"""

from __future__ import annotations

import argparse
import os
import signal

import xllamacpp


def main() -> None:
    parser = argparse.ArgumentParser(description="serve a GGUF with llama.cpp's HTTP server")
    parser.add_argument("model")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
    parser.add_argument("--parallel", type=int, default=4)
    arguments = parser.parse_args()

    # Blocked before the server's threads start, so that they inherit it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})

    params = xllamacpp.CommonParams()
    params.model.path = arguments.model
    params.model_alias = {"quintet-tiny"}
    params.hostnames = ["127.0.0.1"]
    params.port = arguments.port
    params.n_parallel = arguments.parallel
    params.n_ctx = 2048 * arguments.parallel
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.cache_ram_mib = 0
    params.fit_params = False
    params.warmup = False
    params.ui = False
    params.offline = True

    server = xllamacpp.Server(params)
    print(f"listening on {server.listening_address}", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    # The server keeps nothing worth tidying up, and its own teardown may wait for open streams.
    os._exit(0)


if __name__ == "__main__":
    main()
