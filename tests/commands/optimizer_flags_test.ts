import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { runFlags } from "../../src/commands/flags/run_flags.ts";
import { optimizerOf } from "../../src/lottery/settings.ts";
import { resolveProtocol } from "../../src/commands/flags/resolve_protocol.ts";
import { parseFlags } from "../../src/flags/parse.ts";

const resolve = (...args: string[]) => resolveProtocol(parseFlags(args, runFlags));

Deno.test("another optimizer brings its usual learning rate, unless one is given", () => {
  assertEquals(resolve("--optimizer=sgd").learningRate, 0.1);
  assertEquals(resolve("--optimizer=momentum").learningRate, 0.01);
  assertEquals(resolve("--optimizer=sgd", "--learning-rate=.3").learningRate, 0.3);
  assertEquals(resolve("--protocol=google", "--optimizer=adam").learningRate, 0.0012);
  assertEquals(resolve("--protocol=google", "--optimizer=sgd").learningRate, 0.1);
});

Deno.test("--momentum: 0.9 unless given, of that optimizer alone", () => {
  assertEquals(resolve("--optimizer=momentum").momentum, 0.9);
  assertEquals(optimizerOf(resolve("--optimizer=momentum", "--momentum=0")), {
    ...{ kind: "momentum", learningRate: 0.01, momentum: 0 },
  });
  for (const optimizer of ["adam", "sgd"]) {
    const error = assertThrows(
      () => resolve(`--optimizer=${optimizer}`, "--momentum=.5"),
      UsageError,
      `--momentum 0.5 applies to --optimizer momentum or nesterov, and the optimizer is ${optimizer}`,
    );
    assertStringIncludes(error.message, "leave --momentum out");
  }
  for (const momentum of ["1", "-0.1", "1.5", "NaN", "0.99999999999"]) {
    assertThrows(
      () => resolve("--optimizer=momentum", `--momentum=${momentum}`),
      UsageError,
      "--momentum",
    );
  }
});

Deno.test("--nesterov: --optimizer momentum becomes --optimizer nesterov; others have none", () => {
  const asked = resolve("--optimizer=nesterov", "--momentum=.7");
  for (const optimizer of ["momentum", "nesterov"]) {
    assertEquals(resolve(`--optimizer=${optimizer}`, "--momentum=.7", "--nesterov"), asked);
  }
  const momentum = resolve("--optimizer=momentum", "--learning-rate=.2", "--momentum=.7");
  const ofProtocol = resolveProtocol(parseFlags(["--nesterov"], runFlags), momentum);
  assertEquals(ofProtocol.optimizer, { kind: "nesterov" });
  assertEquals(resolve("--optimizer=momentum", "--no-nesterov").optimizer, { kind: "momentum" });
  for (const optimizer of ["sgd", "adam", "adamw"]) {
    assertThrows(
      () => resolve(`--optimizer=${optimizer}`, "--nesterov"),
      UsageError,
      `--nesterov applies to --optimizer momentum, and the optimizer is ${optimizer}: give that one, or`,
    );
  }
  assertThrows(() => resolve("--nesterov"), UsageError, "the optimizer is adam");
});

Deno.test("what is 0 as a 32-bit float is refused: it would train nothing", () => {
  for (const rate of ["1e-300", "1e-45", "1e-38"]) {
    assertThrows(
      () => resolve(`--learning-rate=${rate}`),
      UsageError,
      `--learning-rate "${rate}" is 0 as a 32-bit float, which the GPU computes with; give at least 1.2e-38`,
    );
  }
  assertEquals(resolve("--learning-rate=1.2e-38").learningRate, 1.2e-38);
});
