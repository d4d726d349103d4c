// The keys of a file, stored or read through spymemcached: set|get KEYS HOST:PORT:WEIGHT...
// Where all weights are the same it is the client as anyone builds it, which has no weights.

import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
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
    public static void main(String[] args) throws Exception {
        Map<InetSocketAddress, Integer> weights = new LinkedHashMap<>();
        for (int i = 2; i < args.length; i++) {
            String[] server = args[i].split(":");
            weights.put(
                new InetSocketAddress(server[0], Integer.parseInt(server[1])),
                Integer.parseInt(server[2]));
        }
        boolean equal = new HashSet<>(weights.values()).size() == 1;
        ConnectionFactory factory = equal ? plain() : weighted(weights);
        MemcachedClient client = new MemcachedClient(factory, new ArrayList<>(weights.keySet()));
        int done = 0;
        for (String key : Files.readAllLines(Path.of(args[1]))) {
            boolean good = args[0].equals("set")
                ? client.set(key, 0, key).get()
                : key.equals(client.get(key));
            done += good ? 1 : 0;
        }
        client.shutdown();
        System.out.println(done);
        System.exit(0);
    }

    static ConnectionFactory plain() {
        return new ConnectionFactoryBuilder()
            .setLocatorType(ConnectionFactoryBuilder.Locator.CONSISTENT)
            .setHashAlg(DefaultHashAlgorithm.KETAMA_HASH)
            .build();
    }

    static ConnectionFactory weighted(Map<InetSocketAddress, Integer> weights) {
        return new DefaultConnectionFactory() {
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
