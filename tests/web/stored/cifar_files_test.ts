import { assertEquals } from "@std/assert";
import { MemoryStorage } from "../../../src/storage/memory.ts";
import { hasCifar, isCifarFile, storeCifar } from "../../../src/web/stored/cifar_files.ts";

const file = (name: string) => new File([new Uint8Array(3073)], name);

Deno.test("CIFAR-10's files are known by their names, and are enough with one of each kind", async () => {
  const names = ["data_batch_1.bin", "data_batch_5.bin.gz", "test_batch.bin", "data_batch_6.bin"];
  assertEquals(names.map(isCifarFile), [true, true, true, false]);
  const storage = new MemoryStorage();
  assertEquals(await storeCifar(storage, [file("data_batch_2.bin"), file("cat.png")]), {
    hasCifar: false,
    missing: "data/cifar-10 lacks test_batch.bin (raw or .gz)",
  });
  assertEquals(await storeCifar(storage, [file("test_batch.bin.gz")]), {
    ...{ hasCifar: true, missing: null },
  });
  assertEquals(await hasCifar(storage), true);
  assertEquals((await storage.list("data/cifar-10")).length, 2);
});
