// A Trino server of one node over tables in memory. Prints its address in a line of its own and serves until its standard
// input ends.

import io.trino.plugin.memory.MemoryPlugin;
import io.trino.server.testing.TestingTrinoServer;
import java.io.PrintStream;
import java.util.Map;

class Trino {
  public static void main(String[] arguments) throws Exception {
    PrintStream out = System.out;
    System.setOut(System.err); // what libraries print is no address
    try (TestingTrinoServer trino = TestingTrinoServer.create()) {
      trino.installPlugin(new MemoryPlugin());
      trino.createCatalog("memory", "memory", Map.of());
      out.println(trino.getBaseUrl());
      System.in.transferTo(System.err);
    }
    System.exit(0); // threads of the engine would keep it alive
  }
}
