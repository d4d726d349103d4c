%% @private The functions of the shared library, and its loading.
%%
%% A module of its own, so that `ketama' can be loaded anew while continua are in use: a library
%% made with rustler is loaded once in the life of a VM.
-module(ketama_nif).

-export([new/1, parse/1, set_default/1]).
-export([getserver/1, getserver/2, at/1, at/2]).
-export([servers/1, points/1]).

-on_load(init/0).
-nifs([new/1, parse/1, set_default/1]).
-nifs([getserver/1, getserver/2, at/1, at/2]).
-nifs([servers/1, points/1]).

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

-export_type([fault/0]).

init() ->
    %% Not code:priv_dir/1: it knows only folders that are named after the application.
    Ebin = filename:dirname(code:which(?MODULE)),
    Library = filename:join([filename:dirname(Ebin), "priv", "libketama_nif"]),
    case erlang:load_nif(Library, 0) of
        ok ->
            ok;
        {error, {Reason, Text}} ->
            {error, {Reason, Text ++ ". To build it, run `rebar3 compile' in ketama's folder."}}
    end.

-spec new([term()]) ->
    {ok, reference()} | {error, no_servers | system_limit | {invalid_server, term()}}.
new(_Servers) -> erlang:nif_error(nif_not_loaded).

-spec parse(binary()) ->
    {ok, reference(), [{pos_integer(), trap()}]}
    | {error, no_servers | system_limit | {invalid_line, pos_integer(), fault()}}.
parse(_Contents) -> erlang:nif_error(nif_not_loaded).

-spec set_default(reference()) -> ok.
set_default(_Continuum) -> erlang:nif_error(nif_not_loaded).

-spec getserver(binary()) -> binary().
getserver(_Key) -> erlang:nif_error(nif_not_loaded).

-spec getserver(reference(), binary()) -> binary().
getserver(_Continuum, _Key) -> erlang:nif_error(nif_not_loaded).

-spec at(hash()) -> binary().
at(_Hash) -> erlang:nif_error(nif_not_loaded).

-spec at(reference(), hash()) -> binary().
at(_Continuum, _Hash) -> erlang:nif_error(nif_not_loaded).

-spec servers(reference()) -> [{binary(), pos_integer(), non_neg_integer()}].
servers(_Continuum) -> erlang:nif_error(nif_not_loaded).

-spec points(reference()) -> [{hash(), binary()}].
points(_Continuum) -> erlang:nif_error(nif_not_loaded).
