%% @doc Consistent hashing of memcached keys, bit for bit the same as libketama.
%%
%% A continuum is made from a servers file or from a list, and asked for the server of a key:
%%
%% ```
%% {ok, C} = ketama:new("/etc/ketama.servers"),
%% <<"10.0.1.5:11211">> = ketama:getserver(C, <<"user:123">>).
%% '''
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

-export([new/1, new/2, getserver/2, getservers/2, group/2, replicas/3]).
-export([start_link/0, start_link/1, start_link/2, child_spec/1, getserver/1, reload/0]).
-export([servers/1, points/1, hash/1, shares/1, diff/2]).
-export([format_error/1]).
%% For ketama_watcher.
-export([new/3]).

-export_type([continuum/0, server/0, weight/0, key/0, source/0, options/0, dialect/0]).
-export_type([hash/0, share/0, reason/0, fault/0]).

-include_lib("kernel/include/logger.hrl").

%% The path that the port driver's gen_server had built in.
-define(SERVERS_FILE, "/web/site/GLOBAL/ketama.servers").

%% Longer keys go to erlang:md5/1, which yields and counts reductions. memcached takes 250 bytes.
-define(SHORT, 512).

%% As many values has a hash, and no continuum more servers that own one.
-define(HASHES, 16#100000000).

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
-type options() :: #{dialect => dialect()}.
-type dialect() :: ketama_nif:dialect().
%% The client whose ring a continuum is, `libketama' by default. `libmemcached' (pylibmc, PHP and
%% others, with weighted ketama) and `twemproxy' leave a final `:11211' out of a server's labels;
%% `spymemcached' takes servers as Java prints socket addresses.
-type hash() :: 0..16#FFFFFFFF.
%% A place on the continuum.
-type share() :: float().
%% A part of the hash values, 0.0 to 1.0. It is exact: a multiple of 2<sup>-32</sup>, as are sums.
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
%% With another `dialect' than `libketama' the mapping is that client's. The work, about 3
%% microseconds a server, is done on a dirty scheduler.
-spec new(source(), options()) -> {ok, continuum()} | {error, reason()}.
new(Source, Options) ->
    Dialect = dialect(Options),
    loaded(fun() -> build(Source, Dialect) end).

%% @private Of what `ketama_watcher' has read of a servers file.
-spec new(file:filename_all(), Read, options()) -> {ok, continuum()} | {error, reason()} when
    Read :: {ok, binary()} | {error, file:posix() | badarg | terminated | system_limit}.
new(Path, Read, Options) when is_list(Path); is_binary(Path) ->
    Dialect = dialect(Options),
    loaded(fun() -> build_file(Path, Read, Dialect) end);
new(Path, Read, Options) ->
    error(badarg, [Path, Read, Options]).

loaded(Build) ->
    case code:ensure_loaded(ketama_nif) of
        {module, _} -> Build();
        {error, _} -> {error, {nif_not_loaded, "run `rebar3 compile' in ketama's folder"}}
    end.

dialect(Options) when is_map(Options) ->
    case maps:to_list(maps:merge(#{dialect => libketama}, Options)) of
        [{dialect, Dialect}] when
            Dialect =:= libketama;
            Dialect =:= libmemcached;
            Dialect =:= twemproxy;
            Dialect =:= spymemcached
        ->
            Dialect;
        _ ->
            error(badarg, [Options])
    end;
dialect(Options) ->
    error(badarg, [Options]).

build(Path, Dialect) when is_binary(Path) ->
    build_file(Path, file:read_file(Path), Dialect);
build([First | _] = Path, Dialect) when is_integer(First); is_list(First) ->
    build_file(Path, file:read_file(Path), Dialect);
build(Servers, Dialect) when is_list(Servers) ->
    ketama_nif:new(Servers, Dialect);
build(Source, _Dialect) ->
    error(badarg, [Source]).

build_file(Path, {ok, Contents}, Dialect) ->
    case ketama_nif:parse(Contents, Dialect) of
        {ok, Continuum, Traps} ->
            lists:foreach(fun({LineNo, Trap}) -> warn(Path, LineNo, Trap) end, Traps),
            {ok, Continuum};
        {error, {invalid_line, LineNo, Fault}} ->
            {error, {invalid_line, LineNo, {Fault, Path}}};
        {error, Reason} ->
            {error, Reason}
    end;
build_file(Path, {error, Posix}, _Dialect) when is_atom(Posix), Posix =/= badarg ->
    {error, {servers_file, Path, Posix}};
build_file(Path, _Read, _Dialect) ->
    error(badarg, [Path]).

warn(Path, LineNo, {cut_weight, Written, Read}) ->
    ?LOG_WARNING(
        "ketama: ~ts, line ~b: the weight is written ~ts and read ~b, as libketama reads it: it "
        "cuts off the last byte, taking it for the newline. End the line right after the weight.",
        [name(Path), LineNo, Written, Read]
    );
warn(Path, LineNo, long_line) ->
    ?LOG_WARNING(
        "ketama: ~ts, line ~b is read whole, but libketama takes what follows 126 bytes for "
        "another line. Shorten it if other clients read this file.",
        [name(Path), LineNo]
    ).

%% @doc The server of a key. Costs one MD5 and a search that does not grow with the ring.
-spec getserver(continuum(), key()) -> server().
getserver(Continuum, Key) when is_binary(Key), byte_size(Key) =< ?SHORT ->
    ketama_nif:getserver(Continuum, Key);
getserver(Continuum, Key) ->
    case iolist_to_binary(Key) of
        Short when byte_size(Short) =< ?SHORT -> ketama_nif:getserver(Continuum, Short);
        Long -> ketama_nif:at(Continuum, hash(Long))
    end.

%% @doc The servers of many keys, in their order. From about a hundred on, a key costs a third of
%% what it costs alone: sixteen binaries are hashed side by side. Other iodata is made binaries of
%% first. A call yields to other processes however many the keys.
-spec getservers(continuum(), [key()]) -> [server()].
getservers(Continuum, Keys) ->
    case ketama_nif:getservers(Continuum, Keys) of
        {Servers, []} ->
            Servers;
        {Servers, [Key | Rest]} when is_binary(Key), byte_size(Key) > ?SHORT ->
            Servers ++ [getserver(Continuum, Key) | getservers(Continuum, Rest)];
        {Servers, [Key | _] = Rest} when is_binary(Key) ->
            Servers ++ getservers(Continuum, Rest);
        {Servers, Rest} ->
            Servers ++ getservers(Continuum, binaries(Rest))
    end.

%% @doc Which keys to ask each server for: the plan of a multi-get. The keys of a server are as they
%% were given and in their order; a server that owns none of them is left out.
-spec group(continuum(), [Key]) -> #{server() => [Key]} when Key :: key().
group(Continuum, Keys) ->
    group(Continuum, Keys, Keys).

group(Continuum, Keys, Binaries) ->
    case ketama_nif:group(Continuum, Keys, Binaries) of
        {Groups, _, []} ->
            maps:from_list(Groups);
        {Groups, KeysLeft, BinariesLeft} ->
            lists:foldl(fun prepend/2, group_rest(Continuum, KeysLeft, BinariesLeft), Groups)
    end.

group_rest(Continuum, [Key | Keys], [Binary | Binaries]) when byte_size(Binary) > ?SHORT ->
    prepend({getserver(Continuum, Binary), [Key]}, group(Continuum, Keys, Binaries));
group_rest(Continuum, Keys, [Binary | _] = Binaries) when is_binary(Binary) ->
    group(Continuum, Keys, Binaries);
group_rest(Continuum, Keys, Rest) ->
    group(Continuum, Keys, binaries(Rest)).

prepend({Server, Keys}, Groups) ->
    case Groups of
        #{Server := More} -> Groups#{Server := Keys ++ More};
        #{} -> Groups#{Server => Keys}
    end.

binaries([Key | Keys]) -> [iolist_to_binary(Key) | binaries(Keys)];
binaries([]) -> [];
binaries(Rest) -> error(badarg, [Rest]).

%% @doc The first N servers clockwise from the key, its own first; fewer where the continuum has
%% fewer. For N copies of a value, and for where to turn when a server fails.
-spec replicas(continuum(), key(), N :: non_neg_integer()) -> [server()].
replicas(Continuum, Key, N) when is_integer(N), N >= 0 ->
    Hash = hash(Key),
    Count = min(N, ?HASHES),
    case ketama_nif:replicas(Continuum, Hash, Count) of
        later -> ketama_nif:replicas_later(Continuum, Hash, Count);
        Servers -> Servers
    end;
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

%% @doc As {@link start_link/1}, of the client that the options name. Anything but a map is taken for
%% the path of the port driver's program, and ignored.
-spec start_link(source(), options() | (BinPath :: term())) -> ignore | {error, reason()}.
start_link(Source, Options) when is_map(Options) ->
    case new(Source, Options) of
        {ok, Continuum} ->
            ok = ketama_nif:set_default(Continuum),
            ignore;
        {error, Reason} ->
            {error, Reason}
    end;
start_link(Source, _BinPath) ->
    start_link(Source).

%% @doc The specification of a supervisor's child that calls {@link start_link/1}.
-spec child_spec(source()) -> supervisor:child_spec().
child_spec(Source) ->
    #{id => ?MODULE, start => {?MODULE, start_link, [Source]}}.

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
getserver(Key) when is_binary(Key), byte_size(Key) =< ?SHORT ->
    ketama_nif:getserver(Key);
getserver(Key) ->
    case iolist_to_binary(Key) of
        Short when byte_size(Short) =< ?SHORT -> ketama_nif:getserver(Short);
        Long -> ketama_nif:at(hash(Long))
    end.

%% @doc The servers in the order given, each with its number of points: 160 on average, in steps
%% of 4. A server too light for a point gets no keys.
-spec servers(continuum()) -> [{server(), weight(), Points :: non_neg_integer()}].
servers(Continuum) ->
    ketama_nif:servers(Continuum).

%% @doc All points and their owners, ascending, as libketama's `ketama_print_continuum' has them.
-spec points(continuum()) -> [{hash(), server()}].
points(Continuum) ->
    ketama_nif:points(Continuum).

%% @doc The exact part of all hashes that each server owns, in the order of {@link servers/1}, servers
%% of one name together. They add up to 1.0.
-spec shares(continuum()) -> [{server(), share()}].
shares(Continuum) ->
    ketama_nif:shares(Continuum).

%% @doc The exact part of all hashes whose server is another when `New' takes the place of `Old': as
%% a whole, and from which server to which, the largest first.
-spec diff(Old :: continuum(), New :: continuum()) ->
    {Moved :: share(), [{From :: server(), To :: server(), share()}]}.
diff(Old, New) ->
    ketama_nif:diff(Old, New).

%% @doc The place of a key on every continuum: the first little-endian word of its MD5, as
%% libketama's `ketama_hashi' has it.
-spec hash(key()) -> hash().
hash(Key) ->
    <<Hash:32/little, _/binary>> = erlang:md5(Key),
    Hash.

%% @doc A sentence, or a few, on what is wrong and what to do.
-spec format_error(reason()) -> string().
format_error(Reason) ->
    try
        sentence(Reason)
    catch
        error:_ -> error(badarg, [Reason])
    end.

sentence({servers_file, Path, Posix}) ->
    format("~ts: ~ts. Name a servers file that the VM can read.", [
        name(Path), file:format_error(Posix)
    ]);
sentence({invalid_line, LineNo, {Fault, Path}}) ->
    format("~ts, line ~b: ~ts.", [name(Path), LineNo, explain(Fault)]);
sentence({invalid_server, Server}) ->
    format(
        "~tP is no server. Give {Name, Weight}: a name of 1 to 255 bytes without white space, "
        "and an integer from 1 to 9223372036854775807; all weights together below 2^64.",
        [Server, 20]
    );
sentence(no_servers) ->
    "There are no servers. Give at least one, in a servers file as a line of name, tab, weight.";
sentence(system_limit) ->
    "There is not enough memory for a continuum of so many servers. Give fewer.";
sentence(no_watcher) ->
    "No ketama_watcher is running. Put ketama_watcher:child_spec/1 into a supervisor.";
sentence({nif_not_loaded, Remedy}) ->
    format("ketama's shared library is missing or is not for this VM: ~ts. The log says more.", [
        Remedy
    ]).

explain(blank_line) ->
    "it holds white space alone, which libketama refuses. Empty it";
explain(long_line) ->
    "it is longer than 4096 bytes. Write name, tab, weight";
explain(nul_byte) ->
    "it has a NUL byte. Write name, tab, weight";
explain(empty_name) ->
    "the name is empty. Write name, tab, weight";
explain(long_name) ->
    "the name is longer than 255 bytes. Shorten it";
explain(space_in_name) ->
    "the name has a control character in it. Remove it";
explain(missing_weight) ->
    "the weight is missing. Write name, tab, weight";
explain(no_digits) ->
    "the weight has no digits, or just one, with no newline right after it: libketama cuts off "
    "the last byte. Write an integer from 1 and a newline";
explain(zero_weight) ->
    "the weight is zero. Write an integer from 1, or put # before the line";
explain(negative_weight) ->
    "the weight is negative. Write an integer from 1";
explain(weight_out_of_range) ->
    "the weight is above 9223372036854775807. Write a smaller one";
explain(total_out_of_range) ->
    "the weights up to here add up to 2^64 or more. Write smaller ones".

name(Path) ->
    try unicode:characters_to_list(filename:flatten(Path)) of
        Name when is_list(Name) -> Name;
        _ -> io_lib:format("~p", [Path])
    catch
        error:_ -> io_lib:format("~p", [Path])
    end.

format(Format, Arguments) ->
    lists:flatten(io_lib:format(Format, Arguments)).
