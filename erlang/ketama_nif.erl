%% @private The functions of the shared library, and its loading.
%%
%% A module of its own, so that `ketama' can be loaded anew while continua are in use: a library
%% made with rustler is loaded once in the life of a VM.
-module(ketama_nif).

-export([dialects/0, check_options/1, new/2, parse/2, without/2, set_default/1, default/0]).
-export([getserver/1, getserver/2, getservers/5, group/6, replicas/4, hash/2, hash/3]).
-export([servers/1, points/1, shares/1, diff/2, moved/2]).

-on_load(init/0).
-nifs([dialects/0, check_options/1, new/2, parse/2, without/2, set_default/1, default/0]).
-nifs([getserver/1, getserver/2, getservers/5, group/6, replicas/4, hash/2, hash/3]).
-nifs([servers/1, points/1, shares/1, diff/2, moved/2]).

-type fault() ::
    blank_line
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
    %% Not code:priv_dir/1: it knows only folders that are named after the application.
    Ebin = filename:dirname(code:which(?MODULE)),
    Library = filename:join([filename:dirname(Ebin), "priv", "libketama_nif"]),
    case erlang:load_nif(Library, 0) of
        ok ->
            ok;
        {error, {upgrade, _}} ->
            {error, {upgrade, "It is loaded once in the life of a VM. For another one, restart the VM."}};
        {error, {Reason, Text}} ->
            {error, {Reason, Text ++ ". To build it, run `rebar3 compile' in ketama's folder."}}
    end.

%% The clients, the default first, each with its key hashes, its default first.
-spec dialects() -> [{ketama:dialect(), [ketama:hash_name()]}].
dialects() -> erlang:nif_error(nif_not_loaded).

%% Raises badarg where these are no options.
-spec check_options(options()) -> ok.
check_options(_Options) -> erlang:nif_error(nif_not_loaded).

-spec new([term()], options()) ->
    {ok, ketama:continuum(), [warning()]}
    | {error, no_servers | system_limit | {invalid_server, term()}}.
new(_Servers, _Options) -> erlang:nif_error(nif_not_loaded).

-spec parse(binary(), options()) ->
    {ok, ketama:continuum(), [warning()]}
    | {error, no_servers | system_limit | {invalid_line, pos_integer(), fault()}}.
parse(_Contents, _Options) -> erlang:nif_error(nif_not_loaded).

-spec without(ketama:continuum(), [term()]) ->
    {ok, ketama:continuum()} | {error, no_servers | system_limit | {invalid_server, term()}}.
without(_Continuum, _Names) -> erlang:nif_error(nif_not_loaded).

-spec set_default(ketama:continuum()) -> ok.
set_default(_Continuum) -> erlang:nif_error(nif_not_loaded).

-spec default() -> ketama:continuum().
default() -> erlang:nif_error(nif_not_loaded).

-spec getserver(binary()) -> binary().
getserver(_Key) -> erlang:nif_error(nif_not_loaded).

-spec getserver(ketama:continuum(), binary()) -> binary().
getserver(_Continuum, _Key) -> erlang:nif_error(nif_not_loaded).

%% Count and Bytes are those of the keys: how long it will take, before it looks at them.
-spec getservers(ketama:continuum(), [term()], [binary()], Count, Bytes) -> [binary()] | not_binaries when
    Count :: non_neg_integer(), Bytes :: non_neg_integer().
getservers(_Continuum, _Keys, _Except, _Count, _Bytes) -> erlang:nif_error(nif_not_loaded).

-spec group(ketama:continuum(), [Key], [term()], [binary()], Count, Bytes) ->
    #{binary() => [Key]} | not_binaries
when
    Count :: non_neg_integer(), Bytes :: non_neg_integer().
group(_Continuum, _Keys, _Binaries, _Except, _Count, _Bytes) -> erlang:nif_error(nif_not_loaded).

-spec replicas(ketama:continuum(), binary(), Bytes :: non_neg_integer(), N :: non_neg_integer()) ->
    [binary()].
replicas(_Continuum, _Key, _Bytes, _N) -> erlang:nif_error(nif_not_loaded).

-spec hash(binary(), Bytes :: non_neg_integer()) -> ketama:hash().
hash(_Key, _Bytes) -> erlang:nif_error(nif_not_loaded).

-spec hash(ketama:continuum(), binary(), Bytes :: non_neg_integer()) -> ketama:hash().
hash(_Continuum, _Key, _Bytes) -> erlang:nif_error(nif_not_loaded).

-spec servers(ketama:continuum()) -> [{binary(), pos_integer(), non_neg_integer()}].
servers(_Continuum) -> erlang:nif_error(nif_not_loaded).

-spec points(ketama:continuum()) -> [{ketama:hash(), binary()}].
points(_Continuum) -> erlang:nif_error(nif_not_loaded).

-spec shares(ketama:continuum()) -> [{binary(), float()}].
shares(_Continuum) -> erlang:nif_error(nif_not_loaded).

-spec diff(ketama:continuum(), ketama:continuum()) -> {float(), [{binary(), binary(), float()}]}.
diff(_Old, _New) -> erlang:nif_error(nif_not_loaded).

%% The first part of diff/2, without the memory for the second.
-spec moved(ketama:continuum(), ketama:continuum()) -> float().
moved(_Old, _New) -> erlang:nif_error(nif_not_loaded).
