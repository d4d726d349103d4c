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
%% A continuum can have a name, an atom, and then goes by it wherever a continuum is taken. To get another
%% one for the name is to have all callers look keys up there. No process is spawned:
%%
%% ```
%% ignore = ketama:start_link("/etc/sessions.servers", #{name => sessions}),
%% <<"10.0.1.5:11211">> = ketama:getserver(sessions, "user:123").
%% '''
%%
%% The default's name is `ketama'. It has the functions of the gen_server that used to drive libketama
%% through a port:
%%
%% ```
%% ignore = ketama:start_link("/etc/ketama.servers"),
%% <<"10.0.1.5:11211">> = ketama:getserver("user:123").
%% '''
%%
%% Continua are immutable, shared between processes without copying, and freed by the garbage
%% collector. They do not leave their node. Arguments of the wrong type raise `badarg', and the shell
%% says which; a name that no continuum has raises `{not_started, Name}'.
-module(ketama).

-export([new/1, new/2, without/2]).
-export([getserver/2, getserver/3, getservers/2, getservers/3, group/2, group/3, replicas/3]).
-export([start_link/0, start_link/1, start_link/2, child_spec/1, child_spec/2, stop/1]).
-export([getserver/1, continuum/1, previous/1, names/0, reload/0, reload/1]).
-export([servers/1, points/1, hash/1, hash/2, shares/1, diff/2, moved/3, info/1]).
-export([address/1, format_error/1]).

-export_type([continuum/0, name/0, ring/0, server/0, weight/0, key/0, source/0]).
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

%% What the expression returns. Where it raises, the arguments are raised with it, and who explains them.
-define(EXPLAINED(Expression, Arguments),
    try
        Expression
    catch
        error:Reason -> error(Reason, Arguments, [{error_info, #{module => ketama_error}}])
    end
).

-opaque continuum() :: reference().
%% A ring of servers, in the memory of the shared library.
-type name() :: atom().
%% Up to 200 characters, and not `undefined'. The default's is `ketama'.
-type ring() :: continuum() | name().
%% A continuum, or the one that has the name when the call looks.
-type server() :: binary().
%% A server's name as the other clients write it, `<<"10.0.1.118:11211">>': 1 to 255 bytes without
%% white space.
-type weight() :: pos_integer().
%% Up to 2<sup>63</sup> - 1; libketama calls it memory.
-type key() :: iodata().
%% Every byte counts, NUL and bytes above 127 too.
-type source() :: file:filename_all() | [{iodata(), weight()} | iodata()].
%% The path of a servers file, a flat string or a binary; or the servers themselves, of weight 1 where there
%% is none. The order counts.
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
        | {name, name()}
    ].
%% The client whose ring a continuum is, and how it is configured; {@link new/2} explains. A `name' is for
%% {@link start_link/2}.
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
%% A file is read where it is a regular one of at most 64 MiB; `efbig' is a larger one. A watcher gives
%% up a read (`timeout') and a `source' of its own, which has returned an error, raised, or timed out.

%% @doc As {@link new/2} with libketama's own ring.
-spec new(source()) -> {ok, continuum()} | {error, reason()}.
new(Source) ->
    ?EXPLAINED(ketama_source:new(Source, #{}), [Source]).

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
%% The file is read by the caller, past the VM's file server.
%%
%% A ring that the client itself cannot have, since there are too many servers, say, is made, and a
%% warning is logged. The work, about 5 microseconds a server, is done on a dirty scheduler.
-spec new(source(), options()) -> {ok, continuum()} | {error, reason()}.
new(Source, Options) ->
    ?EXPLAINED(ketama_source:new(Source, Options), [Source, Options]).

%% @doc The continuum that the client has while these servers are down and it has left them out, as
%% twemproxy does with `auto_eject_hosts' and libmemcached with `REMOVE_FAILED_SERVERS': the ring of
%% the others. Keys of all servers may move. A server without points is never asked, so that no
%% client notices that it is down: it stays in the count.
%%
%% A name that the continuum does not have is an `invalid_server'. To ask another server without
%% moving other keys, see {@link getserver/3}.
-spec without(ring(), [iodata()]) ->
    {ok, continuum()} | {error, no_servers | system_limit | {invalid_server, term()}}.
without(Ring, Servers) ->
    ?EXPLAINED(ketama_nif:without(Ring, Servers), [Ring, Servers]).

%% @doc The server of a key. Costs one hash and a search that does not grow with the ring.
-spec getserver(ring(), key()) -> server().
getserver(Ring, Key) when byte_size(Key) =< ?SHORT ->
    ?EXPLAINED(ketama_nif:getserver(Ring, Key), [Ring, Key]);
getserver(Ring, Key) ->
    ?EXPLAINED(getserver_of_iodata(Ring, Key), [Ring, Key]).

getserver_of_iodata(Ring, Key) ->
    case iolist_to_binary(Key) of
        Short when byte_size(Short) =< ?SHORT -> ketama_nif:getserver(Ring, Short);
        Long -> hd(getservers_except(Ring, [Long], []))
    end.

%% @doc As {@link getserver/2}, but the next server clockwise where the key's own is in `except': for
%% servers that are down. No other key moves. Raises `no_servers' where none is left.
-spec getserver(ring(), key(), lookup_options()) -> server().
getserver(Ring, Key, Options) ->
    ?EXPLAINED(
        hd(getservers_except(Ring, [Key], ketama_options:except(Options))), [Ring, Key, Options]
    ).

%% @doc The servers of many keys, in their order. From about a hundred on, a key costs a third of
%% what it costs alone: sixteen binaries are hashed side by side. Other iodata is made binaries of
%% first. Long lists and long keys are hashed on a dirty scheduler.
-spec getservers(ring(), [key()]) -> [server()].
getservers(Ring, Keys) ->
    ?EXPLAINED(getservers_except(Ring, Keys, []), [Ring, Keys]).

%% @doc As {@link getservers/2}, passing over the servers in `except' as {@link getserver/3} does.
-spec getservers(ring(), [key()], lookup_options()) -> [server()].
getservers(Ring, Keys, Options) ->
    ?EXPLAINED(
        getservers_except(Ring, Keys, ketama_options:except(Options)), [Ring, Keys, Options]
    ).

getservers_except(Ring, [Key], []) when is_binary(Key), byte_size(Key) =< ?SHORT ->
    [ketama_nif:getserver(Ring, Key)];
getservers_except(Ring, Keys, Except) ->
    %% The sizes are counted here, by functions that yield where a list is long.
    Count = length(Keys),
    Bytes = iolist_size([Except | Keys]),
    case ketama_nif:getservers(Ring, Keys, Except, Count, Bytes) of
        not_binaries ->
            Binaries = ketama_source:binaries(Keys),
            ketama_nif:getservers(Ring, Binaries, Except, Count, Bytes);
        Servers ->
            Servers
    end.

%% @doc Which keys to ask each server for: the plan of a multi-get. The keys of a server are as they
%% were given and in their order; a server that owns none of them is left out.
-spec group(ring(), [Key]) -> #{server() => [Key]} when Key :: key().
group(Ring, Keys) ->
    ?EXPLAINED(group_except(Ring, Keys, []), [Ring, Keys]).

%% @doc As {@link group/2}, passing over the servers in `except' as {@link getserver/3} does.
-spec group(ring(), [Key], lookup_options()) -> #{server() => [Key]} when Key :: key().
group(Ring, Keys, Options) ->
    ?EXPLAINED(group_except(Ring, Keys, ketama_options:except(Options)), [Ring, Keys, Options]).

group_except(Ring, [Key], []) when is_binary(Key), byte_size(Key) =< ?SHORT ->
    #{ketama_nif:getserver(Ring, Key) => [Key]};
group_except(Ring, Keys, Except) ->
    Count = length(Keys),
    Bytes = iolist_size([Except | Keys]),
    case ketama_nif:group(Ring, Keys, Keys, Except, Count, Bytes) of
        not_binaries ->
            Binaries = ketama_source:binaries(Keys),
            ketama_nif:group(Ring, Keys, Binaries, Except, Count, Bytes);
        Groups ->
            Groups
    end.

%% @doc The first N servers clockwise from the key, its own first; fewer where the continuum has
%% fewer. For N copies of a value, and for where to turn when a server fails.
-spec replicas(ring(), key(), N :: non_neg_integer()) -> [server()].
replicas(Ring, Key, N) ->
    ?EXPLAINED(replicas_of_iodata(Ring, Key, N), [Ring, Key, N]).

replicas_of_iodata(Ring, Key, N) when is_integer(N), N >= 0 ->
    Binary = iolist_to_binary(Key),
    ketama_nif:replicas(Ring, Binary, byte_size(Binary), min(N, ?ALL));
replicas_of_iodata(Ring, Key, N) ->
    error(badarg, [Ring, Key, N]).

%% @doc As {@link start_link/1}, with the file that the application environment of `ketama' names
%% under `servers_file'; `"/web/site/GLOBAL/ketama.servers"' by default.
-spec start_link() -> ignore | {error, reason()}.
start_link() ->
    start_link(application:get_env(ketama, servers_file, ?SERVERS_FILE)).

%% @doc As {@link start_link/2} without options: of the default's name.
-spec start_link(source()) -> ignore | {error, reason()}.
start_link(Source) ->
    ?EXPLAINED(start(Source, ketama, #{}), [Source]).

%% @doc Makes a continuum as {@link new/2} does and gives it a name, `ketama' by default, also while others
%% look keys up in the one that had it. A call that fails leaves that one in place.
%%
%% `ignore' is what a supervisor takes for "started, without a process". A string or a binary in the
%% place of options is the path of the port driver's program, and ignored.
-spec start_link(source(), options() | (BinPath :: string() | binary())) ->
    ignore | {error, reason()}.
start_link(Source, Options) ->
    ?EXPLAINED(start_with(Source, Options), [Source, Options]).

start_with(Source, Options) ->
    case is_binary(Options) orelse io_lib:char_list(Options) of
        true ->
            start(Source, ketama, #{});
        false ->
            {Name, RingOptions} = ketama_options:start_link(Options),
            start(Source, Name, RingOptions)
    end.

start(Source, Name, Options) ->
    case ketama_source:new(Source, Options) of
        {ok, Continuum} ->
            ok = ketama_name:put(Name, Continuum, ketama_source:origin(Source)),
            %% The reference is a few words to the VM, the ring may be many megabytes: it goes when it is
            %% replaced, not when this process happens to collect.
            true = erlang:garbage_collect(self(), [{type, minor}]),
            ignore;
        {error, Reason} ->
            {error, Reason}
    end.

%% @doc Takes the name from its continuum. What holds the continuum itself goes on with it. A watcher of the
%% name is to be stopped before, by its supervisor.
-spec stop(name()) -> ok.
stop(Name) ->
    ?EXPLAINED(ketama_nif:forget(Name), [Name]).

%% @doc The specification of a supervisor's child that calls {@link start_link/1}, or of a pair of a
%% source and options {@link start_link/2}.
-spec child_spec(source() | {source(), options()}) -> supervisor:child_spec().
child_spec({Source, Options}) ->
    child_spec(Source, Options);
child_spec(Source) ->
    #{id => ?MODULE, start => {?MODULE, start_link, [Source]}}.

%% @doc The specification of a supervisor's child that calls {@link start_link/2}. Its id has the name
%% in it, where there is one.
-spec child_spec(source(), options()) -> supervisor:child_spec().
child_spec(Source, Options) ->
    #{id => ketama_options:child_id(?MODULE, Options), start => {?MODULE, start_link, [Source, Options]}}.

%% @doc As {@link reload/1} of the default's name.
-spec reload() -> {ok, Moved :: share()} | unchanged | {error, reason()}.
reload() ->
    reload(ketama).

%% @doc Has the {@link ketama_watcher} of a name look at its source now: `{ok, Moved}' with the part of the
%% keys that moved where the servers have changed, or where another continuum had got the name;
%% `unchanged' where neither is so. An error leaves the old continuum in place.
-spec reload(name()) -> {ok, Moved :: share()} | unchanged | {error, reason()}.
reload(Name) ->
    ?EXPLAINED(ketama_watcher:reload(Name), [Name]).

%% @doc As {@link getserver/2} of the default's name.
-spec getserver(key()) -> server().
getserver(Key) when byte_size(Key) =< ?SHORT ->
    ?EXPLAINED(ketama_nif:getserver(ketama, Key), [Key]);
getserver(Key) ->
    ?EXPLAINED(getserver_of_iodata(ketama, Key), [Key]).

%% @doc The continuum that has the name now, for calls that must agree. It is the same term as long as
%% no other has the name.
-spec continuum(name()) -> continuum().
continuum(Name) ->
    ?EXPLAINED(ketama_nif:continuum(Name), [Name]).

%% @doc The continuum that had the name before the one that has it now: a key that has moved is still
%% where that one says. It is kept until the next change.
-spec previous(name()) -> continuum() | undefined.
previous(Name) ->
    ?EXPLAINED(ketama_nif:previous(Name), [Name]).

%% @doc The names of continua, in no order.
-spec names() -> [name()].
names() ->
    ketama_nif:names().

%% @doc The servers in the order given, each with its number of points: 160 on average, in steps
%% of 4, for most clients. A server too light for a point gets no keys.
-spec servers(ring()) -> [{server(), weight(), Points :: non_neg_integer()}].
servers(Ring) ->
    ?EXPLAINED(ketama_nif:servers(Ring), [Ring]).

%% @doc All points and their owners, ascending, as libketama's `ketama_print_continuum' has them. Of
%% equal points the first is the one that is found. The points of `folsom' are in the order of signed
%% numbers, as it has them.
-spec points(ring()) -> [{hash(), server()}].
points(Ring) ->
    ?EXPLAINED(ketama_nif:points(Ring), [Ring]).

%% @doc The exact part of all hashes that each server owns, in the order of {@link servers/1}, servers
%% of one name together. They add up to 1.0.
-spec shares(ring()) -> [{server(), share()}].
shares(Ring) ->
    ?EXPLAINED(ketama_nif:shares(Ring), [Ring]).

%% @doc What moves when `New' takes the place of `Old': the exact part of all hashes that change their
%% server, and its parts by server, the largest first.
%%
%% The two may be rings of different clients, but hash keys alike: `badarg' where the hash or the hash
%% tag differ. Raises `system_limit' where one is `modula' and there are over 4 million pairs of
%% servers, between nearly all of which keys move.
-spec diff(Old :: ring(), New :: ring()) ->
    {Moved :: share(), [{From :: server(), To :: server(), share()}]}.
diff(Old, New) ->
    ?EXPLAINED(ketama_nif:diff(Old, New), [Old, New]).

%% @doc Which of these keys have another server in `New' than in `Old', by the server that they had: the plan
%% of reading from there what a new server has not got yet. None where `Old' is `undefined', as {@link
%% previous/1} has it.
-spec moved(Old :: ring() | undefined, New :: ring(), [Key]) -> #{Former :: server() => [Key]} when
    Key :: key().
moved(Old, New, Keys) ->
    ?EXPLAINED(moved_keys(Old, New, Keys), [Old, New, Keys]).

moved_keys(undefined, New, Keys) ->
    %% It raises what the other clause would.
    _ = getservers_except(New, Keys, []),
    #{};
moved_keys(Old, New, Keys) ->
    Owners = lists:zip3(Keys, getservers_except(Old, Keys, []), getservers_except(New, Keys, [])),
    lists:foldr(
        fun
            ({_Key, Same, Same}, Moved) -> Moved;
            ({Key, Former, _}, Moved) -> Moved#{Former => [Key | maps:get(Former, Moved, [])]}
        end,
        #{},
        Owners
    ).

%% @doc Which ring this is: the client and how it is configured, the numbers of servers and points, the
%% memory in bytes, and a fingerprint, which is the same for two continua exactly where every key has
%% the same server: nodes can compare theirs. Linear in the points, on a dirty scheduler.
%%
%% A name also has the source of its continuum, a path, a function or `list', and since when it has it,
%% in the units of `erlang:system_time/0'.
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

%% @doc The hash of a key in libketama: the first little-endian word of its MD5, as its `ketama_hashi'
%% has it.
-spec hash(key()) -> hash().
hash(Key) ->
    ?EXPLAINED(hash_of_iodata(Key), [Key]).

hash_of_iodata(Key) ->
    Binary = iolist_to_binary(Key),
    ketama_nif:hash(Binary, byte_size(Binary)).

%% @doc The hash of a key, or of its hash tag, by the function that the continuum hashes keys with.
-spec hash(ring(), key()) -> hash().
hash(Ring, Key) ->
    ?EXPLAINED(hash_of_iodata(Ring, Key), [Ring, Key]).

hash_of_iodata(Ring, Key) ->
    Binary = iolist_to_binary(Key),
    ketama_nif:hash(Ring, Binary, byte_size(Binary)).

%% @doc Where a server listens, as `gen_tcp:connect/3' takes it: the name or the address of the host and
%% the port, 11211 where there is none; `{local, Path}' and 0 of a socket. It reads the names that the
%% clients give: `10.0.0.1:11211', `[::1]:11211', `cache/10.0.0.1:11211', `/run/memcached.sock'.
-spec address(server() | iodata()) ->
    {inet:hostname() | inet:ip_address() | {local, file:filename_all()}, inet:port_number()}.
address(Server) ->
    ?EXPLAINED(ketama_address:parse(Server), [Server]).

%% @doc A sentence, or a few, on what is wrong and what to do.
-spec format_error(reason()) -> string().
format_error(Term) ->
    ?EXPLAINED(ketama_error:format(Term), [Term]).
