%% @private Loads the shared library, whose functions replace the stubs here.
%%
%% The VM loads a library made with rustler once in its life. In a module of their own the stubs stay loaded when a
%% hot upgrade replaces the other modules, with continua in use.
-module(ketama_nif).

-export([dialects/0, limits/0, check_options/1, new/3, parse/2, without/2]).
-export([put/4, forget/1, names/0, continuum/1, previous/1, history/1]).
-export([getserver/2, getservers/5, group/6, replicas/4, hash/2, hash/3]).
-export([servers/1, points/1, shares/1, diff/2, moved/2, info/1]).

-on_load(init/0).
-nifs([dialects/0, limits/0, check_options/1, new/3, parse/2, without/2]).
-nifs([put/4, forget/1, names/0, continuum/1, previous/1, history/1]).
-nifs([getserver/2, getservers/5, group/6, replicas/4, hash/2, hash/3]).
-nifs([servers/1, points/1, shares/1, diff/2, moved/2, info/1]).

%% A line that libketama reads otherwise than it looks, or a limit of the client that the ring exceeds.
-type warning() ::
    {line, pos_integer(), {cut_weight, Written :: binary(), Read :: pos_integer()}}
    | {line, pos_integer(), {long_line, Limit :: pos_integer()}}
    | {too_many_servers, Limit :: pos_integer()}
    | {total_too_large, Limit :: pos_integer()}
    | {label_too_long, Server :: binary(), Limit :: pos_integer()}.
-type options() ::
    #{
        dialect => ketama:dialect(),
        hash => ketama:hash_name(),
        hash_tag => binary(),
        ketama_points => pos_integer()
    }.

init() ->
    load(library_beside(code:where_is_file("ketama_nif.beam")) ++ library_of_environment()).

%% The library in priv/, beside the folder of this module. code:priv_dir/1 would find it only in a folder named after
%% the application, and code:which/1 does not know the folder of a module that is cover-compiled. The code path may
%% have "." and ".." in it.
library_beside(non_existing) ->
    [];
library_beside(Beam) ->
    [_Beam, _Ebin | Application] = lists:foldl(fun enter/2, [], filename:split(filename:absname(Beam))),
    [filename:join(lists:reverse(Application, ["priv", "libketama_nif"]))].

enter(".", Folders) -> Folders;
enter("..", [_ | Folders]) -> Folders;
enter(Name, Folders) -> [Name | Folders].

%% The loader adds .so itself, and would search for a relative path in several folders.
library_of_environment() ->
    case application:get_env(ketama, library) of
        undefined ->
            [];
        {ok, Path} ->
            try
                absolute = filename:pathtype(Path),
                Library = unicode:characters_to_list(filename:rootname(Path, ".so")),
                false = lists:member(0, Library),
                [Library]
            catch
                error:_ -> [{wrong, Path}]
            end
    end.

load([{wrong, Path}]) ->
    not_loaded(load_failed, lists:flatten(io_lib:format("{ketama, [{library, ~tp}]} is no absolute path", [Path])));
load([Library | More]) ->
    case erlang:load_nif(Library, 0) of
        ok ->
            ok;
        {error, {upgrade, _}} ->
            {error, {upgrade, "The library is loaded once in the life of a VM. Restart the VM to load another."}};
        {error, {Reason, LoaderSays}} ->
            case machine(Library ++ ".so") of
                missing when More =/= [] -> load(More);
                Machine -> not_loaded(Reason, why(Library ++ ".so", Machine, LoaderSays))
            end
    end;
load([]) ->
    not_loaded(load_failed, "ketama_nif.beam is in no folder, so no priv is beside it: " ++ remedy()).

%% This module is not loaded either then, so it leaves the reason for ketama_source:with_nif/1.
not_loaded(Reason, Why) ->
    persistent_term:put({?MODULE, not_loaded}, Why),
    {error, {Reason, Why}}.

%% The loader may report a library for another machine as a missing file.
why(File, missing, _LoaderSays) ->
    File ++ " is missing: " ++ remedy();
why(File, Machine, LoaderSays) ->
    case machine("/proc/self/exe") of
        Ours when is_tuple(Ours), is_tuple(Machine), Ours =/= Machine ->
            File ++ " is for another kind of machine than this VM: build it for this one";
        _ ->
            LoaderSays
    end.

remedy() ->
    "run `rebar3 compile' in ketama's folder, or set {ketama, [{library, Path}]} to the library's absolute path".

%% The machine that an ELF file is for: word size, byte order, kind of processor.
machine(File) ->
    case file:open(File, [read, raw, binary]) of
        {ok, Opened} ->
            Header = file:read(Opened, 20),
            ok = file:close(Opened),
            case Header of
                {ok, <<16#7f, "ELF", Size, Order, _:12/binary, Kind:2/binary>>} -> {Size, Order, Kind};
                _ -> unknown
            end;
        {error, Posix} when Posix =:= enoent; Posix =:= enotdir ->
            missing;
        {error, _} ->
            unknown
    end.

%% The clients, each with its key hashes; the default client and each client's default hash come first.
-spec dialects() -> [{ketama:dialect(), [ketama:hash_name()]}].
dialects() -> erlang:nif_error(nif_not_loaded).

%% The largest values that servers and options may have.
-spec limits() ->
    #{
        ketama_points := pos_integer(),
        line_bytes := pos_integer(),
        name_bytes := pos_integer(),
        total_weight := pos_integer(),
        weight := pos_integer()
    }.
limits() -> erlang:nif_error(nif_not_loaded).

%% Raises badarg if the options are wrong.
-spec check_options(options()) -> ok.
check_options(_Options) -> erlang:nif_error(nif_not_loaded).

%% Bytes is the size of the names in all, or more if a dirty scheduler should read the list.
-spec new([term()], options(), Bytes :: non_neg_integer()) ->
    {ok, ketama:continuum(), [warning()]}
    | {error, no_servers | system_limit | {invalid_server, term()}}.
new(_Servers, _Options, _Bytes) -> erlang:nif_error(nif_not_loaded).

-spec parse(binary(), options()) ->
    {ok, ketama:continuum(), [warning()]}
    | {error, no_servers | system_limit | {invalid_line, pos_integer(), ketama:fault()}}.
parse(_Contents, _Options) -> erlang:nif_error(nif_not_loaded).

-spec without(ketama:ring(), [term()]) ->
    {ok, ketama:continuum()} | {error, no_servers | system_limit | {invalid_server, term()}}.
without(_Ring, _Names) -> erlang:nif_error(nif_not_loaded).

%% Gives the name to the continuum. Source is a term in the external format.
-spec put(ketama:name(), ketama:continuum(), Source :: binary(), Since :: integer()) -> ok.
put(_Name, _Continuum, _Source, _Since) -> erlang:nif_error(nif_not_loaded).

-spec forget(ketama:name()) -> ok.
forget(_Name) -> erlang:nif_error(nif_not_loaded).

-spec names() -> [ketama:name()].
names() -> erlang:nif_error(nif_not_loaded).

-spec continuum(ketama:name()) -> ketama:continuum().
continuum(_Name) -> erlang:nif_error(nif_not_loaded).

-spec previous(ketama:name()) -> ketama:continuum() | undefined.
previous(_Name) -> erlang:nif_error(nif_not_loaded).

-spec history(ketama:name()) -> {ketama:continuum(), Source :: binary(), Since :: integer()}.
history(_Name) -> erlang:nif_error(nif_not_loaded).

-spec getserver(ketama:ring(), binary()) -> binary().
getserver(_Ring, _Key) -> erlang:nif_error(nif_not_loaded).

%% Count and Bytes are the number of the keys and their size in all, with which the library decides where to run.
-spec getservers(ketama:ring(), [term()], [binary()], Count, Bytes) -> [binary()] | not_binaries when
    Count :: non_neg_integer(), Bytes :: non_neg_integer().
getservers(_Ring, _Keys, _Except, _Count, _Bytes) -> erlang:nif_error(nif_not_loaded).

-spec group(ketama:ring(), [Key], [term()], [binary()], Count, Bytes) ->
    #{binary() => [Key]} | not_binaries
when
    Count :: non_neg_integer(), Bytes :: non_neg_integer().
group(_Ring, _Keys, _Binaries, _Except, _Count, _Bytes) -> erlang:nif_error(nif_not_loaded).

-spec replicas(ketama:ring(), binary(), Bytes :: non_neg_integer(), N :: non_neg_integer()) ->
    [binary()].
replicas(_Ring, _Key, _Bytes, _N) -> erlang:nif_error(nif_not_loaded).

-spec hash(binary(), Bytes :: non_neg_integer()) -> ketama:hash().
hash(_Key, _Bytes) -> erlang:nif_error(nif_not_loaded).

-spec hash(ketama:ring(), binary(), Bytes :: non_neg_integer()) -> ketama:hash().
hash(_Ring, _Key, _Bytes) -> erlang:nif_error(nif_not_loaded).

-spec servers(ketama:ring()) -> [{binary(), pos_integer(), non_neg_integer()}].
servers(_Ring) -> erlang:nif_error(nif_not_loaded).

-spec points(ketama:ring()) -> [{ketama:hash(), binary()}].
points(_Ring) -> erlang:nif_error(nif_not_loaded).

-spec shares(ketama:ring()) -> [{binary(), float()}].
shares(_Ring) -> erlang:nif_error(nif_not_loaded).

-spec diff(ketama:ring(), ketama:ring()) -> {float(), [{binary(), binary(), float()}]}.
diff(_Old, _New) -> erlang:nif_error(nif_not_loaded).

%% The first element of diff/2, without the memory that the second takes.
-spec moved(ketama:ring(), ketama:ring()) -> float().
moved(_Old, _New) -> erlang:nif_error(nif_not_loaded).

-spec info(ketama:ring()) -> map().
info(_Ring) -> erlang:nif_error(nif_not_loaded).
