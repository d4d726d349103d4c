%% The default continuum: the API of the port driver's gen_server, without a process.
-module(ketama_default_tests).

-include_lib("eunit/include/eunit.hrl").

-export([init/1]).

-define(FILE_4, ketama_test:data("lastfm-four.servers")).
-define(FILE_8, ketama_test:data("lastfm-eight.servers")).

%% Only a VM of its own has had no start_link yet.
not_started_test() ->
    ?assertEqual(
        "not_started not_started",
        ketama_test:erl(
            "[Short, Long] = [try ketama:getserver(Key) catch error:Reason -> Reason end"
            " || Key <- [\"k\", binary:copy(<<\"k\">>, 10000)]],"
            " io:format(\"~p ~p\", [Short, Long])"
        )
    ).

start_link_test() ->
    ?assertEqual(ignore, ketama:start_link(?FILE_4)),
    is_default(?FILE_4),
    ?assertEqual(ignore, ketama:start_link(?FILE_8, "/usr/bin/ketama_erlang_driver")),
    is_default(?FILE_8),
    ?assertEqual(undefined, whereis(ketama)).

start_link_0_test() ->
    ?assertEqual(
        {error, {servers_file, "/web/site/GLOBAL/ketama.servers", enoent}}, ketama:start_link()
    ),
    ok = application:set_env(ketama, servers_file, ?FILE_4),
    ?assertEqual(ignore, ketama:start_link()),
    ok = application:unset_env(ketama, servers_file),
    is_default(?FILE_4).

a_failed_call_leaves_the_old_one_test() ->
    ignore = ketama:start_link(?FILE_8),
    {error, no_servers} = ketama:start_link(ketama_test:data("only-comments.servers")),
    {error, {servers_file, _, enoent}} = ketama:start_link("/nowhere/ketama.servers"),
    {error, {invalid_line, 2, _}} = ketama:start_link(ketama_test:data("zero-weight.servers")),
    {error, {invalid_server, _}} = ketama:start_link([{"a", 0}]),
    ?assertError(badarg, ketama:start_link(servers)),
    is_default(?FILE_8).

keys_test() ->
    ignore = ketama:start_link(?FILE_8),
    {ok, Continuum} = ketama:new(?FILE_8),
    [
        ?assertEqual(ketama:getserver(Continuum, Key), ketama:getserver(Key))
     || Key <- ["", "user:123", ["user", [$:]], <<"k", 0, 255>>, binary:copy(<<"k">>, 10000)]
    ],
    [?assertError(badarg, ketama:getserver(Key)) || Key <- [key, 1, [256], <<1:7>>, ["a" | b]]].

supervisor_test_() ->
    Seed = {ketama, {ketama, start_link, [?FILE_8]}, permanent, 5000, worker, [ketama]},
    [
        fun() ->
            ignore = ketama:start_link(?FILE_4),
            {ok, Supervisor} = supervisor:start_link(?MODULE, ChildSpec),
            ?assertEqual(
                [{ketama, undefined, worker, [ketama]}], supervisor:which_children(Supervisor)
            ),
            is_default(?FILE_8),
            unlink(Supervisor),
            exit(Supervisor, shutdown)
        end
     || ChildSpec <- [ketama:child_spec(?FILE_8), Seed]
    ].

supervisor_reports_the_reason_test() ->
    process_flag(trap_exit, true),
    Result = ketama_test:quietly(fun() ->
        supervisor:start_link(?MODULE, ketama:child_spec("/nowhere"))
    end),
    ?assertMatch(
        {error, {shutdown, {failed_to_start_child, ketama, {servers_file, "/nowhere", enoent}}}},
        Result
    ).

init(ChildSpec) ->
    {ok, {#{}, [ChildSpec]}}.

%% Every scheduler looks keys up while the default goes from one ring to the other and back.
reload_test_() ->
    {timeout, 60, fun() ->
        Keys = ketama_test:lines(ketama_test:data("keys.txt")),
        [Four, Eight] = [
            begin
                {ok, Continuum} = ketama:new(File),
                [ketama:getserver(Continuum, Key) || Key <- Keys]
            end
         || File <- [?FILE_4, ?FILE_8]
        ],
        ignore = ketama:start_link(?FILE_4),
        Expected = lists:zip3(Keys, Four, Eight),
        Readers = [
            spawn_monitor(fun() -> read(Expected, 0, 0) end)
         || _ <- lists:seq(1, 2 * erlang:system_info(schedulers_online))
        ],
        [ignore = ketama:start_link(File) || _ <- lists:seq(1, 500), File <- [?FILE_8, ?FILE_4]],
        [Pid ! stop || {Pid, _} <- Readers],
        Seen = [
            receive
                {'DOWN', Monitor, process, Pid, Reason} -> Reason
            end
         || {Pid, Monitor} <- Readers
        ],
        [?assertMatch({seen, _, _}, Reader) || Reader <- Seen],
        ?assert(lists:sum([N || {seen, N, _} <- Seen]) > 0),
        ?assert(lists:sum([N || {seen, _, N} <- Seen]) > 0),
        is_default(?FILE_4)
    end}.

%% How often each ring alone explains an answer; no answer is of neither.
read(Expected, Fours, Eights) ->
    {F, E} = lists:foldl(
        fun({Key, Four, Eight}, {F, E}) ->
            case ketama:getserver(Key) of
                Four when Four =:= Eight -> {F, E};
                Four -> {F + 1, E};
                Eight -> {F, E + 1}
            end
        end,
        {Fours, Eights},
        Expected
    ),
    receive
        stop -> exit({seen, F, E})
    after 0 -> read(Expected, F, E)
    end.

is_default(File) ->
    {ok, Continuum} = ketama:new(File),
    [
        ?assertEqual(ketama:getserver(Continuum, Key), ketama:getserver(Key))
     || Key <- ketama_test:lines(ketama_test:data("keys.txt"))
    ].
