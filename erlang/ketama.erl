%% @doc Consistent hashing of memcached keys: a key lands on the server where the pool's other clients put it,
%% bit for bit.
%%
%% A continuum is the ring of a pool's servers as one client makes it: each server has points on the ring, and a
%% key belongs to the server of the first point at or after the key's hash. The client is libketama, or the one
%% that the option `dialect' names ({@link new/2}):
%%
%% ```
%% {ok, C} = ketama:new("/etc/ketama.servers"),
%% <<"10.0.1.5:11211">> = ketama:getserver(C, <<"user:123">>).
%% '''
%%
%% Continua are immutable, shared between processes without copying, and freed by the garbage collector. They
%% do not leave their node.
%%
%% A continuum can have a name, an atom, which stands for it in every call. Another continuum may get the name at
%% any time; the next lookup uses that one. No process is spawned:
%%
%% ```
%% ignore = ketama:start_link("/etc/sessions.servers", #{name => sessions}),
%% <<"10.0.1.5:11211">> = ketama:getserver(sessions, "user:123").
%% '''
%%
%% The default name is `ketama', and {@link getserver/1} needs no name at all. So the calls of the gen_server that
%% drove libketama through a port still work:
%%
%% ```
%% ignore = ketama:start_link("/etc/ketama.servers"),
%% <<"10.0.1.5:11211">> = ketama:getserver("user:123").
%% '''
%%
%% A wrong argument raises `badarg', and the shell and Elixir say which one and why. A name without a continuum
%% raises `{not_started, Name}'.
%%
%% The functions:
%% <dl>
%%   <dt>Continua</dt>
%%   <dd>{@link new/1}, {@link new/2}, {@link without/2}</dd>
%%   <dt>Servers of keys</dt>
%%   <dd>{@link getserver/2}, {@link getserver/3}, {@link getservers/2}, {@link getservers/3}, {@link group/2},
%%       {@link group/3}, {@link replicas/3}</dd>
%%   <dt>Names</dt>
%%   <dd>{@link start_link/0}, {@link start_link/1}, {@link start_link/2}, {@link child_spec/1},
%%       {@link child_spec/2}, {@link getserver/1}, {@link continuum/1}, {@link previous/1}, {@link names/0},
%%       {@link reload/0}, {@link reload/1}, {@link stop/1}</dd>
%%   <dt>Inside a continuum</dt>
%%   <dd>{@link servers/1}, {@link points/1}, {@link shares/1}, {@link hash/1}, {@link hash/2},
%%       {@link info/1}</dd>
%%   <dt>Two continua</dt>
%%   <dd>{@link diff/2}, {@link moved/3}</dd>
%%   <dt>Addresses and errors</dt>
%%   <dd>{@link address/1}, {@link format_error/1}</dd>
%% </dl>
-module(ketama).

-export([new/1, new/2, without/2]).
-export([getserver/2, getserver/3, getservers/2, getservers/3, group/2, group/3, replicas/3]).
-export([start_link/0, start_link/1, start_link/2, child_spec/1, child_spec/2]).
-export([getserver/1, continuum/1, previous/1, names/0, reload/0, reload/1, stop/1]).
-export([servers/1, points/1, shares/1, hash/1, hash/2, info/1]).
-export([diff/2, moved/3]).
-export([address/1, format_error/1]).

-export_type([continuum/0, name/0, ring/0, server/0, weight/0, key/0, source/0]).
-export_type([ring_options/0, options/0, dialect/0, hash_name/0, lookup_options/0]).
-export_type([hash/0, share/0, reason/0, fault/0]).

%% Evaluates a call. An error of it is raised again with the arguments of the API's function and with the module
%% that explains them (EEP 54).
-define(EXPLAINED(Call, Arguments),
    try
        Call
    catch
        error:Reason -> error(Reason, Arguments, [{error_info, #{module => ketama_error_info}}])
    end
).

-opaque continuum() :: reference().
%% A ring of servers. It lives in the memory of the shared library; this is a reference to it.
-type name() :: atom().
%% At most 200 characters, and not `undefined'. The default is `ketama'.
-type ring() :: continuum() | name().
%% A continuum, or the name of one. A call uses the continuum that has the name at that moment.
-type server() :: binary().
%% A server's name as the other clients write it, `<<"10.0.1.118:11211">>': 1 to 255 bytes without white space
%% and NUL.
-type weight() :: pos_integer().
%% At most `2^63 - 1'; libketama calls it memory.
-type key() :: iodata().
%% A key of any length. Every byte counts, NUL and bytes above 127 too.
-type source() :: file:filename_all() | [{iodata(), weight()} | iodata()].
%% The path of a servers file, a flat string or a binary; or a list of servers, each with its weight or as a
%% name alone, which has weight 1. Their order counts: it decides which of two servers owns a point that both have.
-type ring_options() ::
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
        | {ketama_points, pos_integer()}].
%% The client whose ring it is, and its configuration; {@link new/2} explains them.
-type options() ::
    #{
        dialect => dialect(),
        hash => hash_name(),
        hash_tag => <<_:16>>,
        ketama_points => pos_integer(),
        name => name()
    }
    | [
        {dialect, dialect()}
        | {hash, hash_name()}
        | {hash_tag, <<_:16>>}
        | {ketama_points, pos_integer()}
        | {name, name()}].
%% The options of a ring, and the name that {@link start_link/2} gives to it.
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
%% The clients. {@link new/2} has a line for each.
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
%% The function that hashes keys. twemproxy has other names for two of them: its `crc32' is `crc15' here, its
%% `crc32a' is `crc32'. The last three belong to folsom, `enyim_core' and `enyim_default', which have no other.
-type lookup_options() :: #{except => [iodata()]} | [{except, [iodata()]}].
%% The names of the servers that a lookup passes over. Unknown names are ignored.
-type hash() :: 0..16#FFFFFFFF.
%% The hash of a key, or a point of a continuum.
-type share() :: float().
%% A part of all hashes, 0.0 to 1.0. Shares and their sums are exact: multiples of `2^-32', or of
%% `2^-15' with `crc15'.
-type fault() :: ketama_error:fault().
%% What is wrong with a line of a servers file. {@link format_error/1} says it in words.
-type reason() ::
    {servers_file, file:filename_all(),
        file:posix()
        | terminated
        | system_limit
        | not_regular
        | efbig
        | timeout
        | {line, LineNo :: pos_integer(), fault()}}
    | {source, Reason :: term()}
    | {invalid_server, term()}
    | no_servers
    | system_limit
    | no_watcher
    | {nif_not_loaded, Why :: string()}.
%% Why there is no continuum. A servers file must be a regular file (`not_regular') of at most 64 MiB (`efbig').
%% `timeout' and `source' are errors of a watcher: its file was not read in time; its source returned an error,
%% raised or took too long. `no_watcher' is an error of {@link reload/1}.

%%% Continua

%% @doc As {@link new/2}, with the ring of libketama.
-spec new(source()) -> {ok, continuum()} | {error, reason()}.
new(Source) ->
    ?EXPLAINED(ketama_source:new(Source, #{}), [Source]).

%% @doc Makes a continuum from a servers file or a list of servers.
%%
%% `dialect' is the client whose ring it is:
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
%% <li>`cache_memcached_fast': Perl's Cache::Memcached::Fast. The option `ketama_points' is its own, 150 by
%%     default.</li>
%% <li>`xmemcached': Java's xmemcached with `KetamaMemcachedSessionLocator'.</li>
%% <li>`uhashring': Python's uhashring with `hash_fn="ketama"'.</li>
%% <li>`enyim', `enyim_default', `enyim_core': .NET's EnyimMemcached with its `KetamaNodeLocator' and with its
%%     default, and EnyimMemcachedCore.</li>
%% <li>`folsom': Spotify's client for Java.</li>
%% <li>`modula': no ring, but the hash modulo the sum of the weights, the default of most clients.</li>
%% </ul>
%% `hash' is the function that hashes keys. Each client has its own default: `one_at_a_time' for
%% `libmemcached_consistent' and `modula', `fnv1a_64' for `twemproxy', `crc32' for `dalli', `nginx',
%% `cache_memcached_fast' and `pecl_memcache'; `md5' for nearly all others.
%%
%% `hash_tag' is twemproxy's option of that name, an opening and a closing byte: if a key has both, only what is
%% between them is hashed.
%%
%% An option that the client does not have raises `badarg'.
%%
%% The mapping is exactly the client's, or the call fails. Two things log a warning: a line that libketama reads
%% differently from how it looks, which is read as libketama does; and a ring that the client itself could not make,
%% because there are too many servers for it, say.
%%
%% Cost: about 2 microseconds a server, on a dirty scheduler unless it is a short list. The caller reads the file
%% itself, past the VM's file server, so that a slow disk delays nobody else.
-spec new(source(), ring_options()) -> {ok, continuum()} | {error, reason()}.
new(Source, Options) ->
    ?EXPLAINED(ketama_source:new(Source, Options), [Source, Options]).

%% @doc Leaves out servers that are down: returns the continuum of the others, as twemproxy computes it with
%% `auto_eject_hosts' and libmemcached with `REMOVE_FAILED_SERVERS'. Keys of any server may move; {@link
%% getserver/3} moves only those of the servers that are down.
%%
%% A server without points stays in the count of servers: clients never ask it, and do not notice that it is down.
%%
%% A name that the continuum does not have is an `invalid_server'.
-spec without(ring(), [iodata()]) ->
    {ok, continuum()} | {error, no_servers | system_limit | {invalid_server, term()}}.
without(Ring, Servers) ->
    ?EXPLAINED(ketama_nif:without(Ring, Servers), [Ring, Servers]).

%%% Servers of keys

%% @doc Returns the server of a key. Cost: one hash, and a search that does not grow with the ring.
-spec getserver(ring(), key()) -> server().
getserver(Ring, Key) ->
    ?EXPLAINED(ketama_lookup:getserver(Ring, Key), [Ring, Key]).

%% @doc As {@link getserver/2}, but passes over the servers in `except', which are down, say: if one of them has the
%% key, the next server clockwise gets it. Other keys do not move. Raises `no_servers' if none is left.
-spec getserver(ring(), key(), lookup_options()) -> server().
getserver(Ring, Key, Options) ->
    ?EXPLAINED(
        hd(ketama_lookup:getservers(Ring, [Key], ketama_options:except(Options))), [Ring, Key, Options]
    ).

%% @doc Returns the servers of many keys, in order. Of a hundred keys or more, each takes about a third of the time
%% that it takes alone: sixteen are hashed side by side. Binaries are the fastest keys; other iodata is flattened
%% first. Long lists and long keys are hashed on a dirty scheduler.
-spec getservers(ring(), [key()]) -> [server()].
getservers(Ring, Keys) ->
    ?EXPLAINED(ketama_lookup:getservers(Ring, Keys, []), [Ring, Keys]).

%% @doc As {@link getservers/2}, passing over the servers in `except' as {@link getserver/3} does.
-spec getservers(ring(), [key()], lookup_options()) -> [server()].
getservers(Ring, Keys, Options) ->
    ?EXPLAINED(
        ketama_lookup:getservers(Ring, Keys, ketama_options:except(Options)), [Ring, Keys, Options]
    ).

%% @doc Groups keys by server, for a multi-get. The keys of a server are as given, in order. A server that has none
%% of them is left out.
-spec group(ring(), [Key]) -> #{server() => [Key]} when Key :: key().
group(Ring, Keys) ->
    ?EXPLAINED(ketama_lookup:group(Ring, Keys, []), [Ring, Keys]).

%% @doc As {@link group/2}, passing over the servers in `except' as {@link getserver/3} does.
-spec group(ring(), [Key], lookup_options()) -> #{server() => [Key]} when Key :: key().
group(Ring, Keys, Options) ->
    ?EXPLAINED(
        ketama_lookup:group(Ring, Keys, ketama_options:except(Options)), [Ring, Keys, Options]
    ).

%% @doc Returns the first N servers clockwise from the key, its own first; fewer if the continuum has fewer. For N
%% copies of a value.
-spec replicas(ring(), key(), N :: non_neg_integer()) -> [server()].
replicas(Ring, Key, N) ->
    ?EXPLAINED(ketama_lookup:replicas(Ring, Key, N), [Ring, Key, N]).

%%% Names

%% @doc As {@link start_link/1}, with the servers file of the application environment,
%% `{ketama, [{servers_file, Path}]}'. Without one it is the port driver's, `"/web/site/GLOBAL/ketama.servers"'.
-spec start_link() -> ignore | {error, reason()}.
start_link() ->
    start_link(application:get_env(ketama, servers_file, "/web/site/GLOBAL/ketama.servers")).

%% @doc As {@link start_link/2} without options: the name is `ketama'.
-spec start_link(source()) -> ignore | {error, reason()}.
start_link(Source) ->
    ?EXPLAINED(ketama_name:start(Source, #{}), [Source]).

%% @doc Makes a continuum as {@link new/2} does, and gives it a name, `ketama' by default. If another continuum has
%% the name, this one replaces it, while lookups go on. If the call fails, the old one stays.
%%
%% `ignore' tells a supervisor that it started and has no process. A string or a binary instead of options is the
%% path of the port driver's program; it is ignored.
-spec start_link(source(), options() | (BinPath :: string() | binary())) ->
    ignore | {error, reason()}.
start_link(Source, Options) ->
    ?EXPLAINED(ketama_name:start(Source, Options), [Source, Options]).

%% @doc Returns the specification of a supervisor's child that calls {@link start_link/1}, or {@link start_link/2}
%% if it is a pair of source and options.
-spec child_spec(source() | {source(), options()}) -> supervisor:child_spec().
child_spec({Source, Options}) ->
    child_spec(Source, Options);
child_spec(Source) ->
    #{id => ?MODULE, start => {?MODULE, start_link, [Source]}}.

%% @doc Returns the specification of a supervisor's child that calls {@link start_link/2}. Its id is `ketama', or
%% `{ketama, Name}' with another name.
-spec child_spec(source(), options()) -> supervisor:child_spec().
child_spec(Source, Options) ->
    #{id => ketama_options:child_id(?MODULE, Options), start => {?MODULE, start_link, [Source, Options]}}.

%% @doc As {@link getserver/2}, of the continuum with the default name, `ketama'.
-spec getserver(key()) -> server().
getserver(Key) ->
    ?EXPLAINED(ketama_lookup:getserver(ketama, Key), [Key]).

%% @doc Returns the continuum that has the name, for several calls that must use the same one. It is the same term
%% as long as no other continuum gets the name.
-spec continuum(name()) -> continuum().
continuum(Name) ->
    ?EXPLAINED(ketama_nif:continuum(Name), [Name]).

%% @doc Returns the continuum that had the name before, `undefined' if there was none. Until a key that has moved is
%% copied, its value is on the server that this one names. It is kept until the next change.
-spec previous(name()) -> continuum() | undefined.
previous(Name) ->
    ?EXPLAINED(ketama_nif:previous(Name), [Name]).

%% @doc Returns the names of all continua that have one, in no particular order.
-spec names() -> [name()].
names() ->
    ketama_nif:names().

%% @doc As {@link reload/1}, of the default name.
-spec reload() -> {ok, Moved :: share()} | unchanged | {error, reason()}.
reload() ->
    reload(ketama).

%% @doc Makes the {@link ketama_watcher} of a name read its source now. Returns `{ok, Moved}', the share of the keys
%% that moved, if the servers have changed or the name had got another continuum; `unchanged' otherwise. After an
%% error the old continuum stays.
-spec reload(name()) -> {ok, Moved :: share()} | unchanged | {error, reason()}.
reload(Name) ->
    ?EXPLAINED(ketama_watcher:reload(Name), [Name]).

%% @doc Takes the name from its continuum. References to the continuum itself stay valid. Have the supervisor stop a
%% watcher of the name before, or its next change starts the name again.
-spec stop(name()) -> ok.
stop(Name) ->
    ?EXPLAINED(ketama_nif:forget(Name), [Name]).

%%% Inside a continuum

%% @doc Returns the servers as given, in order, each with its number of points: for most clients 160 on average, in
%% steps of 4. A server with too little weight for a point gets no keys.
-spec servers(ring()) -> [{server(), weight(), Points :: non_neg_integer()}].
servers(Ring) ->
    ?EXPLAINED(ketama_nif:servers(Ring), [Ring]).

%% @doc Returns all points and their owners, ascending, as libketama's `ketama_print_continuum' prints them. Of equal
%% points a lookup finds the first. The points of `folsom' are in the order of signed numbers, as folsom's are.
-spec points(ring()) -> [{hash(), server()}].
points(Ring) ->
    ?EXPLAINED(ketama_nif:points(Ring), [Ring]).

%% @doc Returns the share of all hashes that each server owns, exactly, in the order of {@link servers/1}. A server
%% that is listed twice has one entry. The sum is 1.0.
-spec shares(ring()) -> [{server(), share()}].
shares(Ring) ->
    ?EXPLAINED(ketama_nif:shares(Ring), [Ring]).

%% @doc Returns libketama's hash of a key, its `ketama_hashi': the first little-endian word of the key's MD5.
-spec hash(key()) -> hash().
hash(Key) ->
    ?EXPLAINED(ketama_lookup:hash(Key), [Key]).

%% @doc Returns the continuum's own hash of a key, or of the key's hash tag.
-spec hash(ring(), key()) -> hash().
hash(Ring, Key) ->
    ?EXPLAINED(ketama_lookup:hash(Ring, Key), [Ring, Key]).

%% @doc Returns what the continuum is: the client and its configuration, the numbers of servers and points, the
%% memory in bytes, and a fingerprint. Two continua have the same fingerprint if and only if every key has the same
%% server in both, so that nodes can compare theirs. Linear in the points, on a dirty scheduler.
%%
%% Given a name, it also returns the continuum's source, which is a path, a function or `list', and the system time
%% at which it got the name, in native units as of `erlang:system_time/0'.
-spec info(ring()) ->
    #{
        dialect := dialect(),
        hash := hash_name(),
        hash_tag := <<_:16>> | undefined,
        servers := pos_integer(),
        points := pos_integer(),
        bytes := pos_integer(),
        fingerprint := <<_:128>>,
        source => file:filename_all() | fun(() -> term()) | list,
        since => integer()
    }.
info(Name) when is_atom(Name) ->
    ?EXPLAINED(ketama_name:info(Name), [Name]);
info(Continuum) ->
    ?EXPLAINED(ketama_nif:info(Continuum), [Continuum]).

%%% Two continua

%% @doc Returns what moves when `New' replaces `Old': the share of all hashes that change their server, exactly, and
%% its parts by pair of servers, the largest first.
%%
%% The two may be of different clients, but must hash keys alike: another `hash' or `hash_tag' raises `badarg'. If
%% one is `modula', nearly all keys move between nearly all pairs of servers; over 4 million pairs raise
%% `system_limit'.
-spec diff(Old :: ring(), New :: ring()) ->
    {Moved :: share(), [{From :: server(), To :: server(), share()}]}.
diff(Old, New) ->
    ?EXPLAINED(ketama_nif:diff(Old, New), [Old, New]).

%% @doc Returns the keys whose server in `New' is not the one in `Old', grouped by the one in `Old': where to read
%% what the new server does not have yet. No key has moved if `Old' is `undefined', which {@link previous/1} may
%% return.
-spec moved(Old :: ring() | undefined, New :: ring(), [Key]) -> #{Former :: server() => [Key]} when
    Key :: key().
moved(Old, New, Keys) ->
    ?EXPLAINED(ketama_lookup:moved(Old, New, Keys), [Old, New, Keys]).

%%% Addresses and errors

%% @doc Returns where a server listens, as `gen_tcp:connect/3' takes it: host and port, 11211 if the name has none,
%% or `{local, Path}' and 0 for a socket. It reads the names that the clients have: `10.0.0.1:11211', `[::1]:11211',
%% `cache/10.0.0.1:11211', `/run/memcached.sock'. Without brackets, `::1:8080' is an IPv6 address and a port or an
%% address alone: such a name raises `badarg'.
-spec address(server() | iodata()) ->
    {inet:hostname() | inet:ip_address() | {local, file:filename_all()}, inet:port_number()}.
address(Server) ->
    ?EXPLAINED(ketama_address:parse(Server), [Server]).

%% @doc Returns a sentence or two on what is wrong and what to do.
-spec format_error(reason()) -> string().
format_error(Term) ->
    ?EXPLAINED(ketama_error:format(Term), [Term]).
