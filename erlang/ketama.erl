%% @doc Consistent hashing of memcached keys: a key lands on the server where the pool's other clients
%% put it, bit for bit.
%%
%% A continuum is made from a servers file or from a list, and asked for the server of a key:
%%
%% ```
%% {ok, C} = ketama:new("/etc/ketama.servers"),
%% <<"10.0.1.5:11211">> = ketama:getserver(C, <<"user:123">>).
%% '''
%%
%% It is libketama's ring, or that of the client which the options name: {@link new/2}.
%%
%% A node can also have one default continuum, with the functions of the gen_server that used to
%% drive libketama through a port. No process is spawned:
%%
%% ```
%% ignore = ketama:start_link("/etc/ketama.servers"),
%% <<"10.0.1.5:11211">> = ketama:getserver("user:123").
%% '''
%%
%% Continua are immutable, shared between processes without copying, and freed by the garbage
%% collector. They do not leave their node. Arguments of the wrong type raise `badarg'.
-module(ketama).

-export([new/1, new/2, without/2]).
-export([getserver/2, getserver/3, getservers/2, getservers/3, group/2, group/3, replicas/3]).
-export([start_link/0, start_link/1, start_link/2, child_spec/1, child_spec/2]).
-export([getserver/1, reload/0]).
-export([servers/1, points/1, hash/1, hash/2, shares/1, diff/2]).
-export([format_error/1]).

-export_type([continuum/0, server/0, weight/0, key/0, source/0]).
-export_type([options/0, dialect/0, hash_name/0, lookup_options/0]).
-export_type([hash/0, share/0, reason/0, fault/0]).

%% The path that the port driver's gen_server had built in.
-define(SERVERS_FILE, "/web/site/GLOBAL/ketama.servers").

%% Up to this many bytes a key is handed to the shared library as it is. Of a longer one it is told the
%% length first: a key that does not start at a byte is copied when the library looks at it. memcached
%% takes 250 bytes.
-define(SHORT, 512).

%% No continuum has more servers.
-define(ALL, 16#FFFFFFFF).

-opaque continuum() :: reference().
%% A ring of servers, in the memory of the shared library.
-type server() :: binary().
%% A server's name as the other clients write it, `<<"10.0.1.118:11211">>': 1 to 255 bytes without
%% white space.
-type weight() :: pos_integer().
%% Up to 2<sup>63</sup> - 1; libketama calls it memory.
-type key() :: iodata().
%% Every byte counts, NUL and bytes above 127 too.
-type source() :: file:filename_all() | [{iodata(), weight()}].
%% The path of a servers file, or the servers themselves. The order counts.
-type options() ::
    #{
        dialect => dialect(),
        hash => hash_name(),
        hash_tag => <<_:16>>,
        ketama_points => pos_integer()
    }
    | [
        {dialect, dialect()}
        | {hash, hash_name()}
        | {hash_tag, <<_:16>>}
        | {ketama_points, pos_integer()}
    ].
%% The client whose ring a continuum is, and how it is configured; {@link new/2} explains.
-type dialect() ::
    libketama
    | libmemcached
    | libmemcached_consistent
    | twemproxy
    | spymemcached
    | dalli
    | hashring
    | node_memcached
    | pecl_memcache
    | nginx
    | cache_memcached_fast
    | xmemcached
    | uhashring
    | enyim
    | enyim_default
    | enyim_core
    | folsom
    | modula.
-type hash_name() ::
    md5
    | one_at_a_time
    | crc15
    | crc16
    | crc32
    | fnv1_32
    | fnv1a_32
    | fnv1_64
    | fnv1a_64
    | hsieh
    | murmur
    | jenkins
    | murmur3
    | fnv1a_32_unsigned
    | fnv0a_32_unsigned.
%% The function that hashes keys. twemproxy calls `crc15' `crc32', and `crc32' `crc32a'. The last three are
%% those of folsom, `enyim_core' and `enyim_default', the only ones that these have.
-type lookup_options() :: #{except => [iodata()]} | [{except, [iodata()]}].
%% The servers that a lookup passes over. Names that the continuum does not have are ignored.
-type hash() :: 0..16#FFFFFFFF.
%% The hash of a key, or a point of a continuum.
-type share() :: float().
%% A part of all hashes, 0.0 to 1.0. It is exact, as are sums: a multiple of 2<sup>-32</sup>, or of
%% 2<sup>-15</sup> where the hash is `crc15'.
-type fault() :: ketama_nif:fault().
%% What is wrong with a line; {@link format_error/1} explains each.
-type reason() ::
    {servers_file, file:filename_all(), file:posix() | badarg | terminated | system_limit}
    | {invalid_line, LineNo :: pos_integer(), {fault(), file:filename_all()}}
    | {invalid_server, term()}
    | no_servers
    | system_limit
    | no_watcher
    | {nif_not_loaded, Remedy :: string()}.

%% @doc As {@link new/2} with libketama's own ring.
-spec new(source()) -> {ok, continuum()} | {error, reason()}.
new(Source) ->
    new(Source, #{}).

%% @doc Makes a continuum from a servers file or a list of servers.
%%
%% The mapping is the one that libketama computes from the same file, or the call fails. Where the
%% file says one thing and libketama reads another, its reading is taken and a warning is logged.
%%
%% With another `dialect' the mapping is that client's:
%% <ul>
%% <li>`libketama': libketama, the default.</li>
%% <li>`libmemcached': libmemcached's ring with weights; PHP's `OPT_LIBKETAMA_COMPATIBLE'.</li>
%% <li>`libmemcached_consistent': libmemcached's ring without weights, which are ignored; pylibmc's
%%     `"ketama"', PHP's `DISTRIBUTION_CONSISTENT' and PHP's sessions.</li>
%% <li>`twemproxy': twemproxy with `distribution: ketama'.</li>
%% <li>`spymemcached': spymemcached with `KETAMA_HASH' and its own node format.</li>
%% <li>`dalli': Ruby's Dalli, and with it Rails; Elixir's cream.</li>
%% <li>`node_memcached', `hashring': npm's memcached and hashring.</li>
%% <li>`pecl_memcache': PHP's older extension memcache, with `crc32' or `fnv1a_32'.</li>
%% <li>`nginx': `hash ... consistent' of an upstream.</li>
%% <li>`cache_memcached_fast': Perl's Cache::Memcached::Fast; the option `ketama_points' is its own, 150 by
%%     default.</li>
%% <li>`xmemcached': Java's xmemcached with `KetamaMemcachedSessionLocator'.</li>
%% <li>`uhashring': Python's uhashring with `hash_fn="ketama"'.</li>
%% <li>`enyim', `enyim_default', `enyim_core': .NET's EnyimMemcached with its `KetamaNodeLocator' and with its
%%     default, and EnyimMemcachedCore.</li>
%% <li>`folsom': Spotify's client for Java.</li>
%% <li>`modula': no ring, but the hash modulo the sum of the weights: what most clients do by
%%     default.</li>
%% </ul>
%% `hash' is the function that hashes keys, the client's own by default: `one_at_a_time' of
%% `libmemcached_consistent' and `modula', `fnv1a_64' of `twemproxy', `crc32' of `dalli', `nginx',
%% `cache_memcached_fast' and `pecl_memcache'; `md5' of nearly all others. `hash_tag' is the option of
%% that name of twemproxy: of a key with an opening and a closing byte, only what stands between is
%% hashed. An option that a dialect does not have, as the client does not, raises `badarg'.
%%
%% A ring that the client itself cannot have, since there are too many servers, say, is made, and a
%% warning is logged. The work, about 5 microseconds a server, is done on a dirty scheduler.
-spec new(source(), options()) -> {ok, continuum()} | {error, reason()}.
new(Source, Options) ->
    ketama_source:new(Source, Options).

%% @doc The continuum that the client has while these servers are down and it has left them out, as
%% twemproxy does with `auto_eject_hosts' and libmemcached with `REMOVE_FAILED_SERVERS': the ring of
%% the others. Keys of all servers may move. A server without points is never asked, so that no
%% client notices that it is down: it stays in the count.
%%
%% A name that the continuum does not have is an `invalid_server'. To ask another server without
%% moving other keys, see {@link getserver/3}.
-spec without(continuum(), [iodata()]) ->
    {ok, continuum()} | {error, no_servers | system_limit | {invalid_server, term()}}.
without(Continuum, Servers) ->
    ketama_nif:without(Continuum, Servers).

%% @doc The server of a key. Costs one hash and a search that does not grow with the ring.
-spec getserver(continuum(), key()) -> server().
getserver(Continuum, Key) when byte_size(Key) =< ?SHORT ->
    ketama_nif:getserver(Continuum, Key);
getserver(Continuum, Key) ->
    case iolist_to_binary(Key) of
        Short when byte_size(Short) =< ?SHORT -> ketama_nif:getserver(Continuum, Short);
        Long -> hd(getservers(Continuum, [Long]))
    end.

%% @doc As {@link getserver/2}, but the next server clockwise where the key's own is in `except': for
%% servers that are down. No other key moves. Raises `no_servers' where none is left.
-spec getserver(continuum(), key(), lookup_options()) -> server().
getserver(Continuum, Key, Options) ->
    [Server] = getservers(Continuum, [Key], Options),
    Server.

%% @doc The servers of many keys, in their order. From about a hundred on, a key costs a third of
%% what it costs alone: sixteen binaries are hashed side by side. Other iodata is made binaries of
%% first. Long lists and long keys are hashed on a dirty scheduler.
-spec getservers(continuum(), [key()]) -> [server()].
getservers(Continuum, Keys) ->
    getservers_except(Continuum, Keys, []).

%% @doc As {@link getservers/2}, passing over the servers in `except' as {@link getserver/3} does.
-spec getservers(continuum(), [key()], lookup_options()) -> [server()].
getservers(Continuum, Keys, Options) ->
    getservers_except(Continuum, Keys, ketama_options:except(Options)).

%% The sizes are counted here, by functions that yield where a list is long.
getservers_except(Continuum, Keys, Except) ->
    Count = length(Keys),
    Bytes = iolist_size([Except | Keys]),
    case ketama_nif:getservers(Continuum, Keys, Except, Count, Bytes) of
        not_binaries ->
            Binaries = ketama_source:binaries(Keys),
            ketama_nif:getservers(Continuum, Binaries, Except, Count, Bytes);
        Servers ->
            Servers
    end.

%% @doc Which keys to ask each server for: the plan of a multi-get. The keys of a server are as they
%% were given and in their order; a server that owns none of them is left out.
-spec group(continuum(), [Key]) -> #{server() => [Key]} when Key :: key().
group(Continuum, Keys) ->
    group_except(Continuum, Keys, []).

%% @doc As {@link group/2}, passing over the servers in `except' as {@link getserver/3} does.
-spec group(continuum(), [Key], lookup_options()) -> #{server() => [Key]} when Key :: key().
group(Continuum, Keys, Options) ->
    group_except(Continuum, Keys, ketama_options:except(Options)).

group_except(Continuum, Keys, Except) ->
    Count = length(Keys),
    Bytes = iolist_size([Except | Keys]),
    case ketama_nif:group(Continuum, Keys, Keys, Except, Count, Bytes) of
        not_binaries ->
            Binaries = ketama_source:binaries(Keys),
            ketama_nif:group(Continuum, Keys, Binaries, Except, Count, Bytes);
        Groups ->
            Groups
    end.

%% @doc The first N servers clockwise from the key, its own first; fewer where the continuum has
%% fewer. For N copies of a value, and for where to turn when a server fails.
-spec replicas(continuum(), key(), N :: non_neg_integer()) -> [server()].
replicas(Continuum, Key, N) when is_binary(Key), is_integer(N), N >= 0 ->
    ketama_nif:replicas(Continuum, Key, byte_size(Key), min(N, ?ALL));
replicas(Continuum, Key, N) when is_list(Key) ->
    replicas(Continuum, iolist_to_binary(Key), N);
replicas(Continuum, Key, N) ->
    error(badarg, [Continuum, Key, N]).

%% @doc As {@link start_link/1}, with the file that the application environment of `ketama' names
%% under `servers_file'; `"/web/site/GLOBAL/ketama.servers"' by default.
-spec start_link() -> ignore | {error, reason()}.
start_link() ->
    start_link(application:get_env(ketama, servers_file, ?SERVERS_FILE)).

%% @doc Makes the default continuum, or replaces it while others look keys up. A call that fails
%% leaves the old one in place.
%%
%% `ignore' is what a supervisor takes for "started, without a process".
-spec start_link(source()) -> ignore | {error, reason()}.
start_link(Source) ->
    start_link(Source, #{}).

%% @doc As {@link start_link/1}, with the options of {@link new/2}. A string or a binary is the path of
%% the port driver's program, and ignored.
-spec start_link(source(), options() | (BinPath :: string() | binary())) ->
    ignore | {error, reason()}.
start_link(Source, Options) ->
    case is_binary(Options) orelse io_lib:char_list(Options) of
        true -> make_default(new(Source));
        false -> make_default(new(Source, Options))
    end.

make_default({ok, Continuum}) ->
    ok = ketama_nif:set_default(Continuum),
    ignore;
make_default({error, Reason}) ->
    {error, Reason}.

%% @doc The specification of a supervisor's child that calls {@link start_link/1}, or of a pair of a
%% source and options {@link start_link/2}.
-spec child_spec(source() | {source(), options()}) -> supervisor:child_spec().
child_spec({Source, Options}) ->
    child_spec(Source, Options);
child_spec(Source) ->
    #{id => ?MODULE, start => {?MODULE, start_link, [Source]}}.

%% @doc The specification of a supervisor's child that calls {@link start_link/2}.
-spec child_spec(source(), options()) -> supervisor:child_spec().
child_spec(Source, Options) ->
    #{id => ?MODULE, start => {?MODULE, start_link, [Source, Options]}}.

%% @doc Has the running {@link ketama_watcher} look at its file now: `{ok, Moved}' with the part of the
%% keys that moved where the file has changed, `unchanged' where it has not. An error leaves the old
%% continuum in place.
-spec reload() -> {ok, Moved :: share()} | unchanged | {error, reason()}.
reload() ->
    case whereis(ketama_watcher) of
        undefined -> {error, no_watcher};
        Watcher -> gen_server:call(Watcher, reload, infinity)
    end.

%% @doc The server of a key on the default continuum. Raises `not_started' when there is none.
-spec getserver(key()) -> server().
getserver(Key) when byte_size(Key) =< ?SHORT ->
    ketama_nif:getserver(Key);
getserver(Key) ->
    case iolist_to_binary(Key) of
        Short when byte_size(Short) =< ?SHORT -> ketama_nif:getserver(Short);
        Long -> hd(getservers(ketama_nif:default(), [Long]))
    end.

%% @doc The servers in the order given, each with its number of points: 160 on average, in steps
%% of 4, for most clients. A server too light for a point gets no keys.
-spec servers(continuum()) -> [{server(), weight(), Points :: non_neg_integer()}].
servers(Continuum) ->
    ketama_nif:servers(Continuum).

%% @doc All points and their owners, ascending, as libketama's `ketama_print_continuum' has them. Of
%% equal points the first is the one that is found. The points of `folsom' are in the order of signed
%% numbers, as it has them.
-spec points(continuum()) -> [{hash(), server()}].
points(Continuum) ->
    ketama_nif:points(Continuum).

%% @doc The exact part of all hashes that each server owns, in the order of {@link servers/1}, servers
%% of one name together. They add up to 1.0.
-spec shares(continuum()) -> [{server(), share()}].
shares(Continuum) ->
    ketama_nif:shares(Continuum).

%% @doc What moves when `New' takes the place of `Old': the exact part of all hashes that change their
%% server, and its parts by server, the largest first.
%%
%% The two may be rings of different clients, but hash keys alike: `badarg' where the hash or the hash
%% tag differ. Raises `system_limit' where one is `modula' and there are over 4 million pairs of
%% servers, between nearly all of which keys move.
-spec diff(Old :: continuum(), New :: continuum()) ->
    {Moved :: share(), [{From :: server(), To :: server(), share()}]}.
diff(Old, New) ->
    ketama_nif:diff(Old, New).

%% @doc The hash of a key in libketama: the first little-endian word of its MD5, as its `ketama_hashi'
%% has it.
-spec hash(key()) -> hash().
hash(Key) when is_binary(Key) ->
    ketama_nif:hash(Key, byte_size(Key));
hash(Key) ->
    hash(iolist_to_binary(Key)).

%% @doc The hash of a key, or of its hash tag, by the function that the continuum hashes keys with.
-spec hash(continuum(), key()) -> hash().
hash(Continuum, Key) when is_binary(Key) ->
    ketama_nif:hash(Continuum, Key, byte_size(Key));
hash(Continuum, Key) ->
    hash(Continuum, iolist_to_binary(Key)).

%% @doc A sentence, or a few, on what is wrong and what to do.
-spec format_error(reason()) -> string().
format_error(Reason) ->
    ketama_error:format(Reason).
