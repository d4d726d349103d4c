%% @private The functions of the shared library, and its loading.
%%
%% A module of its own, so that `ketama' can be loaded anew while continua are in use: a library
%% made with rustler is loaded once in the life of a VM.
-module(ketama_nif).

-export([dialects/0, check_options/1, new/3, parse/2, without/2]).
-export([put/4, forget/1, names/0, continuum/1, previous/1, history/1]).
-export([getserver/2, getservers/5, group/6, replicas/4, hash/2, hash/3]).
-export([servers/1, points/1, shares/1, diff/2, moved/2, info/1]).

-on_load(init/0).
-nifs([dialects/0, check_options/1, new/3, parse/2, without/2]).
-nifs([put/4, forget/1, names/0, continuum/1, previous/1, history/1]).
-nifs([getserver/2, getservers/5, group/6, replicas/4, hash/2, hash/3]).
-nifs([servers/1, points/1, shares/1, diff/2, moved/2, info/1]).

-type fault() ::
    blank_line
    | byte_order_mark
    | empty_name
    | long_line
    | long_name
    | missing_weight
    | negative_weight
    | no_digits
    | nul_byte
    | space_in_name
    | total_out_of_range
    | weight_out_of_range
    | zero_weight.
-type trap() :: {cut_weight, Written :: binary(), Read :: pos_integer()} | long_line.
%% What is to be warned of: a line of a file, or what the client itself cannot have.
-type warning() ::
    {line, pos_integer(), trap()}
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

-export_type([fault/0]).

init() ->
    load(beside(code:where_is_file("ketama_nif.beam")) ++ configured()).

%% In priv/ beside this module's folder. Neither code:priv_dir/1, which knows only folders that are named after the
%% application, nor code:which/1, which says `cover_compiled' of a module that is. The code path may have "." and ".."
%% in it.
beside(non_existing) ->
    [];
beside(Beam) ->
    [_Beam, _Ebin | Application] = lists:foldl(fun enter/2, [], filename:split(filename:absname(Beam))),
    [filename:join(lists:reverse(Application, ["priv", "libketama_nif"]))].

enter(".", Folders) -> Folders;
enter("..", [_ | Folders]) -> Folders;
enter(Name, Folders) -> [Name | Folders].

%% The loader adds .so. A path without a folder it would look for in many.
configured() ->
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
            {error, {upgrade, "It is loaded once in the life of a VM. For another one, restart the VM."}};
        {error, {Reason, Said}} ->
            case machine(Library ++ ".so") of
                missing when More =/= [] -> load(More);
                Machine -> not_loaded(Reason, why(Library ++ ".so", Machine, Said))
            end
    end;
load([]) ->
    not_loaded(load_failed, "ketama_nif.beam is in no folder, so no priv is beside it: " ++ remedy()).

%% For ketama_source:with_nif/1: this module is not there then to ask.
not_loaded(Reason, Why) ->
    persistent_term:put({?MODULE, not_loaded}, Why),
    {error, {Reason, Why}}.

%% Of a library for another machine the loader may say that there is no such file.
why(File, missing, _Said) ->
    File ++ " is missing: " ++ remedy();
why(File, Theirs, Said) ->
    case machine("/proc/self/exe") of
        Ours when is_tuple(Ours), is_tuple(Theirs), Ours =/= Theirs ->
            File ++ " is for another kind of machine than this VM: build it for this one";
        _ ->
            Said
    end.

remedy() ->
    "run `rebar3 compile' in ketama's folder, or set {ketama, [{library, Path}]} to the library's absolute path".

%% What an ELF file runs on: word size, byte order, kind of processor.
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

%% The clients, the default first, each with its key hashes, its default first.
-spec dialects() -> [{ketama:dialect(), [ketama:hash_name()]}].
dialects() -> erlang:nif_error(nif_not_loaded).

%% Raises badarg where these are no options.
-spec check_options(options()) -> ok.
check_options(_Options) -> erlang:nif_error(nif_not_loaded).

%% Bytes are those of the names: how long it will take, before it looks at them.
-spec new([term()], options(), Bytes :: non_neg_integer()) ->
    {ok, ketama:continuum(), [warning()]}
    | {error, no_servers | system_limit | {invalid_server, term()}}.
new(_Servers, _Options, _Bytes) -> erlang:nif_error(nif_not_loaded).

-spec parse(binary(), options()) ->
    {ok, ketama:continuum(), [warning()]}
    | {error, no_servers | system_limit | {invalid_line, pos_integer(), fault()}}.
parse(_Contents, _Options) -> erlang:nif_error(nif_not_loaded).

-spec without(ketama:ring(), [term()]) ->
    {ok, ketama:continuum()} | {error, no_servers | system_limit | {invalid_server, term()}}.
without(_Ring, _Names) -> erlang:nif_error(nif_not_loaded).

%% Gives the name to the continuum; Source is a term as term_to_binary/1 writes it.
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

%% Count and Bytes are those of the keys: how long it will take, before it looks at them.
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

%% The first part of diff/2, without the memory for the second.
-spec moved(ketama:ring(), ketama:ring()) -> float().
moved(_Old, _New) -> erlang:nif_error(nif_not_loaded).

-spec info(ketama:ring()) -> map().
info(_Ring) -> erlang:nif_error(nif_not_loaded).
