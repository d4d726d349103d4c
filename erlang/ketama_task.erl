%% @private Runs a function of the user's in a process of its own, and not longer than it may.
-module(ketama_task).

-export([run/3]).

%% @doc What the function returns. It is killed where it takes more milliseconds, and where `Owner' ends.
-spec run(fun(() -> Result), timeout(), Owner :: pid()) ->
    {ok, Result} | {error, timeout | {error | exit | throw, term()} | term()}.
run(Fun, Timeout, Owner) ->
    Caller = self(),
    Tag = make_ref(),
    {Pid, Monitor} = spawn_monitor(fun() ->
        try link(Owner) of
            true -> Caller ! {Tag, outcome(Fun)}
        catch
            %% It has ended meanwhile.
            error:noproc -> ok
        end
    end),
    receive
        {Tag, Outcome} ->
            true = demonitor(Monitor, [flush]),
            Outcome;
        {'DOWN', Monitor, process, Pid, Reason} ->
            {error, {exit, Reason}}
    after Timeout ->
        true = exit(Pid, kill),
        receive
            {'DOWN', Monitor, process, Pid, _} -> ok
        end,
        %% It may have ended just now.
        receive
            {Tag, Outcome} -> Outcome
        after 0 -> {error, timeout}
        end
    end.

outcome(Fun) ->
    try
        {ok, Fun()}
    catch
        Class:Reason -> {error, {Class, Reason}}
    end.
