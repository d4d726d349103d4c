%% @private Changes the continuum of a name, for a watcher: calls the user's functions before and after, and logs what
%% has changed.
-module(ketama_change).

-export([make/2]).

-export_type([change/0]).

-include_lib("kernel/include/logger.hrl").

-type change() :: #{
    name := ketama:name(),
    source := ketama_source:source(),
    before_change => ketama_watcher:callback(),
    after_change => ketama_watcher:callback(),
    %% The process with which the user's functions end.
    watcher := pid(),
    %% True in the watcher's start.
    is_first := boolean()
}.

%% The time limit of a function of the user's, in milliseconds.
-define(CALLBACK_TIMEOUT, 5000).

%% A log line names at most this many servers that were added, removed or re-weighted, each.
-define(MAX_LOGGED, 10).

%% @doc Returns the share of the keys that moves.
-spec make(change(), New :: ketama:continuum()) -> Moved :: ketama:share().
make(#{name := Name, source := Source} = Change, New) ->
    Old = ketama_name:find(Name),
    Moved = moved(Old, New),
    ok = call(before_change, Change, Old, New),
    ok = ketama_name:put(Name, New, ketama_source:origin(Source)),
    ok = log(Change, Old, New, Moved),
    ok = call(after_change, Change, Old, New),
    Moved.

%% All keys count as moved if there was no continuum, if the old one hashes keys otherwise, and if there are too many
%% pairs of servers to count between: that is modula, where nearly all keys move.
moved(undefined, _New) ->
    1.0;
moved(Old, New) ->
    try
        ketama_nif:moved(Old, New)
    catch
        error:badarg ->
            1.0;
        error:system_limit ->
            case ketama:servers(Old) =:= ketama:servers(New) of
                true -> 0.0;
                false -> 1.0
            end
    end.

call(Callback, #{name := Name, watcher := Watcher} = Change, Old, New) ->
    case Change of
        #{Callback := Fun} ->
            case ketama_task:run(fun() -> Fun(Name, Old, New) end, ?CALLBACK_TIMEOUT, Watcher) of
                {ok, _} ->
                    ok;
                {error, timeout} ->
                    ?LOG_ERROR("ketama: ~s of ~tp took longer than ~b ms and was killed.", [
                        Callback, Name, ?CALLBACK_TIMEOUT
                    ]);
                {error, Reason} ->
                    ?LOG_ERROR("ketama: ~s of ~tp failed: ~tP.", [Callback, Name, Reason, 20])
            end;
        #{} ->
            ok
    end.

%% Nothing is logged for a first continuum, nor for a watcher that has restarted and found the ring unchanged.
log(_Change, undefined, _New, _Moved) ->
    ok;
log(#{is_first := true}, _Old, _New, Moved) when Moved == 0 ->
    ok;
log(#{name := Name, source := Source}, Old, New, Moved) ->
    {Before, After} = {weights(Old), weights(New)},
    ?LOG_NOTICE(
        "ketama: ~ts has other servers for ~tp: added ~ts; removed ~ts; re-weighted ~ts; ~.2f% of the keys moved.",
        [
            source(Source),
            Name,
            names(maps:without(maps:keys(Before), After)),
            names(maps:without(maps:keys(After), Before)),
            names(maps:filter(fun(Server, Weight) -> maps:get(Server, Before, Weight) =/= Weight end, After)),
            100 * Moved
        ]
    ).

source({servers_file, Path}) -> ketama_error:path(Path);
source({function, Fun, _Timeout}) -> io_lib:format("~tp", [Fun]).

weights(Continuum) ->
    maps:from_list([{Server, Weight} || {Server, Weight, _} <- ketama:servers(Continuum)]).

names(Weights) when map_size(Weights) =:= 0 ->
    "none";
names(Weights) ->
    Servers = lists:sublist(lists:sort(maps:keys(Weights)), ?MAX_LOGGED),
    Named = lists:join(", ", [ketama_error:printable(Server) || Server <- Servers]),
    case map_size(Weights) - ?MAX_LOGGED of
        More when More > 0 -> [Named, " and ", integer_to_list(More), " more"];
        _ -> Named
    end.
