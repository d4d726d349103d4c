// Stores or reads the keys of a file through spymemcached: RING KEYS HOST:PORT:WEIGHT...
// RING is `weights', or `plain' for the client as it comes, without weights.
// For each line of the input, `set' or `get', it prints how many keys that worked for.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.spy.memcached.ConnectionFactory;
import net.spy.memcached.ConnectionFactoryBuilder;
import net.spy.memcached.DefaultConnectionFactory;
import net.spy.memcached.DefaultHashAlgorithm;
import net.spy.memcached.KetamaNodeLocator;
import net.spy.memcached.MemcachedClient;
import net.spy.memcached.MemcachedNode;
import net.spy.memcached.NodeLocator;
import net.spy.memcached.util.DefaultKetamaNodeLocatorConfiguration;

public class SpyClient {
    // Milliseconds: long, so that a busy machine is not an error.
    static final long LONG = 60000;

    public static void main(String[] args) throws Exception {
        Map<InetSocketAddress, Integer> weights = new LinkedHashMap<>();
        for (int i = 2; i < args.length; i++) {
            String[] server = args[i].split(":");
            weights.put(
                new InetSocketAddress(server[0], Integer.parseInt(server[1])),
                Integer.parseInt(server[2]));
        }
        ConnectionFactory factory = args[0].equals("weights") ? weighted(weights) : plain();
        MemcachedClient client = new MemcachedClient(factory, new ArrayList<>(weights.keySet()));
        List<String> keys = Files.readAllLines(Path.of(args[1]));
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String action = input.readLine(); action != null; action = input.readLine()) {
            int done = 0;
            for (String key : keys) {
                done += works(client, action, key) ? 1 : 0;
            }
            System.out.println(done);
        }
        System.exit(0);
    }

    static boolean works(MemcachedClient client, String action, String key) throws Exception {
        return action.equals("set")
            ? client.set(key, 0, key).get()
            : key.equals(client.get(key));
    }

    static ConnectionFactory plain() {
        return new ConnectionFactoryBuilder()
            .setLocatorType(ConnectionFactoryBuilder.Locator.CONSISTENT)
            .setHashAlg(DefaultHashAlgorithm.KETAMA_HASH)
            .setOpTimeout(LONG)
            .build();
    }

    static ConnectionFactory weighted(Map<InetSocketAddress, Integer> weights) {
        return new DefaultConnectionFactory() {
            @Override
            public long getOperationTimeout() {
                return LONG;
            }

            @Override
            public NodeLocator createLocator(List<MemcachedNode> nodes) {
                return new KetamaNodeLocator(
                    nodes,
                    DefaultHashAlgorithm.KETAMA_HASH,
                    weights,
                    new DefaultKetamaNodeLocatorConfiguration());
            }
        };
    }
}
