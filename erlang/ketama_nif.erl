%% @private The functions of the shared library, and its loading.
%%
%% A module of its own, so that `ketama' can be loaded anew while continua are in use: a library
%% made with rustler is loaded once in the life of a VM.
-module(ketama_nif).

-export([new/2, parse/2, set_default/1, default/0]).
-export([getserver/1, getserver/2, at/1, at/2, getservers/2, group/3]).
-export([replicas/3, replicas_later/3]).
-export([servers/1, points/1, shares/1, diff/2]).

-on_load(init/0).
-nifs([new/2, parse/2, set_default/1, default/0]).
-nifs([getserver/1, getserver/2, at/1, at/2, getservers/2, group/3]).
-nifs([replicas/3, replicas_later/3]).
-nifs([servers/1, points/1, shares/1, diff/2]).

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
-type hash() :: 0..16#FFFFFFFF.

-type dialect() :: libketama | libmemcached | twemproxy | spymemcached.

-export_type([fault/0, dialect/0]).

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

-spec new([term()], dialect()) ->
    {ok, ketama:continuum()} | {error, no_servers | system_limit | {invalid_server, term()}}.
new(_Servers, _Dialect) -> erlang:nif_error(nif_not_loaded).

-spec parse(binary(), dialect()) ->
    {ok, ketama:continuum(), [{pos_integer(), trap()}]}
    | {error, no_servers | system_limit | {invalid_line, pos_integer(), fault()}}.
parse(_Contents, _Dialect) -> erlang:nif_error(nif_not_loaded).

-spec set_default(ketama:continuum()) -> ok.
set_default(_Continuum) -> erlang:nif_error(nif_not_loaded).

-spec default() -> ketama:continuum().
default() -> erlang:nif_error(nif_not_loaded).

-spec getserver(binary()) -> binary().
getserver(_Key) -> erlang:nif_error(nif_not_loaded).

-spec getserver(ketama:continuum(), binary()) -> binary().
getserver(_Continuum, _Key) -> erlang:nif_error(nif_not_loaded).

-spec getservers(ketama:continuum(), term()) -> {[binary()], term()}.
getservers(_Continuum, _Keys) -> erlang:nif_error(nif_not_loaded).

-spec group(ketama:continuum(), term(), term()) -> {[{binary(), list()}], term(), term()}.
group(_Continuum, _Keys, _Binaries) -> erlang:nif_error(nif_not_loaded).

-spec at(hash()) -> binary().
at(_Hash) -> erlang:nif_error(nif_not_loaded).

-spec at(ketama:continuum(), hash()) -> binary().
at(_Continuum, _Hash) -> erlang:nif_error(nif_not_loaded).

-spec replicas(ketama:continuum(), hash(), non_neg_integer()) -> [binary()] | later.
replicas(_Continuum, _Hash, _N) -> erlang:nif_error(nif_not_loaded).

-spec replicas_later(ketama:continuum(), hash(), non_neg_integer()) -> [binary()].
replicas_later(_Continuum, _Hash, _N) -> erlang:nif_error(nif_not_loaded).

-spec servers(ketama:continuum()) -> [{binary(), pos_integer(), non_neg_integer()}].
servers(_Continuum) -> erlang:nif_error(nif_not_loaded).

-spec points(ketama:continuum()) -> [{hash(), binary()}].
points(_Continuum) -> erlang:nif_error(nif_not_loaded).

-spec shares(ketama:continuum()) -> [{binary(), float()}].
shares(_Continuum) -> erlang:nif_error(nif_not_loaded).

-spec diff(ketama:continuum(), ketama:continuum()) -> {float(), [{binary(), binary(), float()}]}.
diff(_Old, _New) -> erlang:nif_error(nif_not_loaded).
